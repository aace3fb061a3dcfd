using SharedState.Host.Collections;

namespace SharedState.Host.Access;

/// <summary>What one client may do at one path: by the rules when it asked, and later by the rules of that moment. Any thread.</summary>
internal sealed class Permit
{
    private readonly AccessControl _access;
    private readonly AccessPolicy? _policy;
    private readonly Identity _identity;
    private readonly string[] _path;
    private readonly DateTimeOffset _end;

    /// <param name="access">The policy.</param>
    /// <param name="policy">The policy by which the identity is known; null without access configured.</param>
    /// <param name="identity">The client.</param>
    /// <param name="path">The segments of the path.</param>
    public Permit(AccessControl access, AccessPolicy? policy, Identity identity, params string[] path)
    {
        (_access, _policy, _identity, _path) = (access, policy, identity, path);
        _end = policy is null ? DateTimeOffset.MaxValue : identity.End;
        Rights = policy?.Rules.At(identity, path) ?? Rights.All;
    }

    /// <summary>The rights when the client asked.</summary>
    public Rights Rights { get; }

    /// <summary>Why the client may not do what its rights do not contain.</summary>
    public Error Refusal => _identity.IsAnonymous ? Error.Unauthorized : Error.Forbidden;

    /// <summary>The rights now: a right that was taken away does not hold for a request that waited.</summary>
    public Rights Now()
    {
        var policy = _access.Policy;
        if (policy == _policy && (_end == DateTimeOffset.MaxValue || _end > _access.Time.GetUtcNow())) return Rights;
        return policy?.Rules.At(policy.Renew(_identity, _access.Time.GetUtcNow()), _path) ?? Rights.All;
    }

    /// <summary>What the client may write now; null for everything.</summary>
    public WriteRights? WritesNow()
    {
        var rights = Now();
        return rights == Rights.All ? null : rights.WritesAt(_access.Time.GetUtcNow());
    }

    /// <summary>What selects the collections that the client may know of in a listing; null if it may know of all.</summary>
    /// <param name="most">The maximum number of names.</param>
    /// <param name="after">The name after which the listing begins.</param>
    public ListingSieve? Sieve(int most, string? after)
    {
        if (_access.Policy is not { } policy) return null;
        var identity = policy.Renew(_identity, _access.Time.GetUtcNow());
        return policy.Rules.ReadsAllOf(identity, _path[0], _path[1]) ? null
            : new(name => policy.Rules.At(identity, _path[0], _path[1], name).Items, most, after);
    }
}

using System.Net;
using SharedState.Host.Collections;

namespace SharedState.Host.Access;

/// <summary>The identity of one connection over time, and what it may do.</summary>
/// <param name="access">The policy.</param>
/// <param name="identity">The identity at the start.</param>
/// <param name="address">The address of the client.</param>
internal sealed class Session(AccessControl access, Identity identity, IPAddress address)
{
    // Written by the run of the connection's dispatcher, of which there is one at a time; the sweep reads them.
    private volatile Identity _identity = identity;
    private volatile AccessPolicy? _policy = access.Policy;

    /// <summary>The address of the client.</summary>
    public IPAddress Address => address;

    /// <summary>Who the client is now.</summary>
    public Identity Identity => _identity;

    /// <summary>Whether the identity has ended or the policy is another one since the last look. Any thread.</summary>
    public bool IsStale => _policy != access.Policy || (_policy is not null && _identity.End <= access.Time.GetUtcNow());

    /// <summary>What the client may do. Without access configured, everything; with it, nothing, since no rule allows anything.</summary>
    public Rights Rights => access.Policy is null ? Rights.All : Rights.None;

    /// <summary>Why the client may not do what its rights do not contain.</summary>
    public Error Refusal => _identity.IsAnonymous ? Error.Unauthorized : Error.Forbidden;

    /// <summary>Follows the time and the policy: the identity ends, or has other claims.</summary>
    public void Renew()
    {
        var policy = access.Policy;
        _identity = policy?.Renew(_identity, access.Time.GetUtcNow()) ?? _identity;
        _policy = policy;
    }

    /// <summary>Takes another identity, by a token or an API key; null makes the client anonymous.</summary>
    /// <returns>Why the identity stays; null if it was changed.</returns>
    public async ValueTask<Error?> ChangeAsync(string? token, CancellationToken stop)
    {
        if (token is null)
        {
            _identity = Identity.Anonymous;
            return null;
        }
        if (access.Policy is not { } policy) return Error.BadRequest("this server takes no token: \"access\" is not in its configuration");
        if (await access.CheckAsync(policy, token, address, stop) is not { } identity) return Error.WrongToken;
        (_identity, _policy) = (identity, policy);
        return null;
    }
}

using System.Net;
using SharedState.Host.Collections;

namespace SharedState.Host.Access;

/// <summary>The identity of one connection over time, and what it may do.</summary>
/// <param name="access">The policy.</param>
/// <param name="identity">The identity at the start.</param>
/// <param name="address">The address of the client.</param>
/// <param name="admission">The handshake of the connection; null if no doors stand before it.</param>
internal sealed class Session(AccessControl access, Identity identity, IPAddress address, Admission? admission = null)
{
    // Paths whose rights a connection keeps. A connection with more begins again.
    private const int MostPermits = 256;

    private readonly Dictionary<(string, string, string), Permit> _permits = []; // the run's, until the identity or the policy changes
    private Permit? _last;
    private string? _app, _service, _collection; // of _last
    // Written by the run of the connection's dispatcher, of which there is one at a time; the sweep reads them.
    private volatile Identity _identity = identity;
    private volatile AccessPolicy? _policy = access.Policy;

    /// <summary>The address of the client.</summary>
    public IPAddress Address => address;

    /// <summary>The present identity of the client.</summary>
    public Identity Identity => _identity;

    /// <summary>Whether the identity has ended or the policy is another one since the last look. Any thread.</summary>
    public bool IsStale => HasOtherPolicy || (_policy is not null && _identity.End <= access.Time.GetUtcNow());

    /// <summary>Whether the doors would refuse the handshake now, because the lists of origins and names have changed. Any
    /// thread.</summary>
    public bool IsShutOut => admission is { Holds: false };

    /// <summary>Whether the policy is another one since the last look.</summary>
    public bool HasOtherPolicy => _policy != access.Policy;

    /// <summary>What the client may do at a path. For the dispatcher's run.</summary>
    /// <param name="app">The app; empty for the list of services.</param>
    /// <param name="service">The service; empty for the list of services.</param>
    /// <param name="collection">The collection; empty for a list.</param>
    public Permit At(string app, string service, string collection)
    {
        if (_last is { } last && collection == _collection && app == _app && service == _service) return last;
        if (_permits.Count > MostPermits) _permits.Clear();
        if (!_permits.TryGetValue((app, service, collection), out var permit))
        {
            string[] path = app.Length == 0 ? [] : collection.Length == 0 ? [app, service] : [app, service, collection];
            _permits.Add((app, service, collection), permit = new(access, _policy, _identity, path));
        }
        (_last, _app, _service, _collection) = (permit, app, service, collection);
        return permit;
    }

    /// <summary>Follows the time and the policy: the identity ends, or has other claims.</summary>
    public void Renew()
    {
        var policy = access.Policy;
        Become(policy?.Renew(_identity, access.Time.GetUtcNow()) ?? _identity, policy);
    }

    /// <summary>Takes another identity, by a token or an API key; null makes the client anonymous.</summary>
    /// <returns>Why the identity stays; null if it was changed.</returns>
    public async ValueTask<Error?> ChangeAsync(string? token, CancellationToken stop)
    {
        if (token is null)
        {
            Become(Identity.Anonymous, _policy);
            return null;
        }
        if (access.Policy is not { } policy) return Error.BadRequest("this server takes no token: \"access\" is not in its configuration");
        if (await access.CheckAsync(policy, token, address, stop) is not { } identity) return Error.WrongToken;
        Become(identity, policy);
        return null;
    }

    private void Become(Identity identity, AccessPolicy? policy)
    {
        (_identity, _policy, _last) = (identity, policy, null);
        _permits.Clear();
    }
}

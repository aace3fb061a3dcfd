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
    // The rights at paths that a connection keeps: their conditions by operators, fields and values, and each path as so many. A
    // connection with more begins again. A claim may be a list that stands in the conditions of each path.
    private const int MostSize = 4_096, SizeOfPath = 16;

    private readonly Dictionary<(string, string, string), Permit> _permits = []; // the run's, until the identity or the policy changes
    private int _size; // of the permits
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
        if (!_permits.TryGetValue((app, service, collection), out var permit))
        {
            if (_size > MostSize) Forget();
            string[] path = app.Length == 0 ? [] : collection.Length == 0 ? [app, service] : [app, service, collection];
            _permits.Add((app, service, collection), permit = new(access, _policy, _identity, path));
            _size += SizeOfPath + permit.Rights.Size;
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
    /// <param name="token">The token.</param>
    /// <param name="hasRoom">Whether there is memory for so many more bytes.</param>
    /// <param name="stop">The end of the connection.</param>
    /// <returns>Why the identity stays; null if it was changed.</returns>
    public async ValueTask<Error?> ChangeAsync(string? token, Func<long, bool> hasRoom, CancellationToken stop)
    {
        if (token is null)
        {
            Become(Identity.Anonymous, _policy);
            return null;
        }
        if (access.Policy is not { } policy) return Error.BadRequest("this server takes no token: \"access\" is not in its configuration");
        if (await access.CheckAsync(policy, token, address, stop) is not { } identity) return Error.WrongToken;
        if (!hasRoom(identity.Bytes - _identity.Bytes)) return Error.Memory;
        Become(identity, policy);
        return null;
    }

    private void Become(Identity identity, AccessPolicy? policy)
    {
        (_identity, _policy) = (identity, policy);
        Forget();
    }

    private void Forget()
    {
        (_last, _size) = (null, 0);
        _permits.Clear();
    }
}

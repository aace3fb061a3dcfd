namespace SharedState.Host.Access;

/// <summary>
/// The key set (JWKS) that an issuer publishes. It is fetched when a token needs it, kept, and fetched again for a key that is not in it,
/// at most once a minute. An issuer that does not answer takes no key away.
/// </summary>
internal sealed class KeyDocument : IIssuerKeys, IDisposable
{
    /// <summary>The time for an answer. A request is answered within 10 s, and a token may be needed for it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The least time between two fetches once there are keys: unknown keys are cheap to invent.</summary>
    public static readonly TimeSpan LeastAge = TimeSpan.FromMinutes(1);

    /// <summary>The least time between two fetches while there are no keys: users wait.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>The age at which the document is fetched again beside its use, so that a key that the issuer withdrew goes.</summary>
    public static readonly TimeSpan MostAge = TimeSpan.FromHours(1);

    private readonly Uri _url;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HttpClient _http;
    private readonly Lock _gate = new();
    private volatile IReadOnlyList<IssuerKey> _keys = [];
    private Task _fetch = Task.CompletedTask; // guarded by _gate, as is the time
    private long? _triedAt;                   // when the last fetch began, by the monotonic clock

    public KeyDocument(Uri url, TimeProvider time, ILogger logger)
    {
        (_url, _time, _logger) = (url, time, logger);
        // A redirect could lead anywhere, also to a server without TLS.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = !url.IsLoopback, PooledConnectionLifetime = MostAge };
        _http = new(handler) { Timeout = Patience, MaxResponseContentBufferSize = KeyFile.MostBytes };
    }

    public Uri Url => _url;

    public bool Has(string source) => source == _url.AbsoluteUri;

    public async ValueTask<IReadOnlyList<IssuerKey>> FindAsync(string? name, CancellationToken stop)
    {
        var found = ConfiguredKeys.Matching(_keys, name);
        var fetch = Fetch(_keys.Count == 0 ? Pause : found.Count == 0 ? LeastAge : MostAge);
        if (found.Count > 0) return found;
        await fetch.WaitAsync(stop);
        return ConfiguredKeys.Matching(_keys, name);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Begins a fetch unless the last one began less than the given time ago. The fetch that is under way, or the last
    /// one.</summary>
    private Task Fetch(TimeSpan leastAge)
    {
        lock (_gate)
        {
            if (!_fetch.IsCompleted || (_triedAt is { } tried && _time.GetElapsedTime(tried) < leastAge)) return _fetch;
            _triedAt = _time.GetTimestamp();
            return _fetch = FetchAsync();
        }
    }

    private async Task FetchAsync()
    {
        try
        {
            var json = await _http.GetStringAsync(_url).ConfigureAwait(false);
            if (KeyFile.OfJwks(json, _url.AbsoluteUri, out var why) is { } keys) _keys = keys;
            else AccessLog.NoKeys(_logger, _url, why);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            AccessLog.NoKeys(_logger, _url, e is OperationCanceledException ? "it does not answer" : e.Message);
        }
    }
}

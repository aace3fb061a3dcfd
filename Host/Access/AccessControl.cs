using System.Net;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Access;

/// <summary>The access policy of the running host, and the check of tokens. Any thread.</summary>
internal sealed class AccessControl(TimeProvider time, ILogger logger) : IDisposable
{
    private readonly Dictionary<Uri, KeyDocument> _documents = []; // guarded by itself; they outlive a change of the configuration
    private readonly FailedAttempts _failures = new(time);
    private volatile AccessPolicy? _policy; // replaced as a whole

    /// <summary>The policy; null if access is not configured: then everyone may do everything.</summary>
    public AccessPolicy? Policy => _policy;

    /// <summary>The clock by which identities end.</summary>
    public TimeProvider Time => time;

    /// <summary>Takes over a configuration.</summary>
    public void Set(AccessConfig? config)
    {
        lock (_documents)
        {
            var used = config?.Issuers.Select(issuer => issuer.Url).OfType<Uri>().ToHashSet() ?? [];
            var unused = _documents.Values.Where(document => !used.Contains(document.Url)).ToArray();
            _policy = config is null ? null
                : new([.. config.Issuers.Select(issuer => new TokenIssuer(issuer.Name, issuer.Audience, Keys(issuer), time))], config.Keys,
                    config.Cookie, config.Rules);
            foreach (var document in unused)
            {
                _documents.Remove(document.Url);
                document.Dispose();
            }
        }
    }

    /// <summary>Checks a token or an API key. A failure is logged, counts for the address, and takes longer after others.</summary>
    /// <returns>The identity; null if the token is not valid.</returns>
    public async ValueTask<Identity?> CheckAsync(AccessPolicy policy, string token, IPAddress address, CancellationToken stop)
    {
        var (identity, reason) = await policy.CheckAsync(token, stop);
        HostMeter.Tokens.Add(1, HostMeter.Outcome(identity is not null));
        if (identity is not null) return identity;
        AccessLog.WrongToken(logger, address, reason);
        var delay = _failures.Add(address);
        if (delay > TimeSpan.Zero) await Task.Delay(delay, time, stop);
        return null;
    }

    public void Dispose()
    {
        lock (_documents)
        {
            foreach (var document in _documents.Values) document.Dispose();
            _documents.Clear();
        }
    }

    private IIssuerKeys Keys(IssuerConfig issuer)
    {
        if (issuer.Url is not { } url) return new ConfiguredKeys(issuer.Keys!);
        if (!_documents.TryGetValue(url, out var document)) _documents.Add(url, document = new(url, time, logger));
        return document;
    }
}

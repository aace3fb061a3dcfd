using Microsoft.IdentityModel.JsonWebTokens;

namespace SharedState.Host.Access;

/// <summary>The issuers, keys and rules of a configuration. Immutable; a change of the configuration makes another policy.</summary>
/// <param name="issuers">The issuers of tokens.</param>
/// <param name="keys">The API keys.</param>
/// <param name="cookie">The name of the cookie that may carry the token; null for none.</param>
/// <param name="rules">The access rules.</param>
internal sealed class AccessPolicy(IReadOnlyList<TokenIssuer> issuers, IReadOnlyList<ApiKey> keys, string? cookie, RuleSet rules)
{
    /// <summary>The longest token, in bytes. Its claims are kept as long as the connection.</summary>
    public const int MostTokenBytes = 16 << 10;

    // header.claims.signature
    private const int Parts = 3;

    private readonly Dictionary<string, ApiKey> _keys = keys.ToDictionary(key => key.Hash);

    public string? Cookie => cookie;

    public RuleSet Rules => rules;

    /// <summary>Checks a token or an API key.</summary>
    /// <returns>The identity, or the reason why there is none, which must not be told to the client.</returns>
    public async ValueTask<(Identity? Identity, string Reason)> CheckAsync(string token, CancellationToken stop)
    {
        if (token.Length > MostTokenBytes) return (null, $"it has {token.Length} characters, more than {MostTokenBytes}");
        if (token.StartsWith(ApiKey.Prefix, StringComparison.Ordinal))
            return _keys.TryGetValue(ApiKey.HashOf(token), out var key) ? (key.Identity, "") : (null, "no API key has its hash");
        if (token.AsSpan().Count('.') != Parts - 1) return (null, "it is neither a signed token (JWT) nor an API key");
        JsonWebToken read;
        try
        {
            read = new(token);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return (null, "it is no JSON Web Token"); // the library's message may show parts of it
        }

        // Fields that the host would have to understand (RFC 7515, 4.1.11). It understands none.
        if (read.TryGetHeaderValue("crit", out object _)) return (null, "it demands extensions (crit)");
        var reason = "its issuer (iss) is not in access.tokens";
        foreach (var issuer in issuers)
        {
            if (issuer.Name != read.Issuer) continue;
            (var identity, reason) = await issuer.CheckAsync(read, stop);
            if (identity is not null) return (identity, "");
        }
        return (null, reason);
    }

    /// <summary>What an identity is under this policy, at a moment: itself, one with other claims, or anonymous.</summary>
    public Identity Renew(Identity identity, DateTimeOffset now) =>
        identity.IsAnonymous || identity.End <= now ? Identity.Anonymous
        : identity.Issuer is null ? _keys.GetValueOrDefault(identity.Source)?.Identity ?? Identity.Anonymous
        : issuers.Any(issuer => issuer.Keeps(identity)) ? identity
        : Identity.Anonymous;
}

using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace SharedState.Host.Access;

/// <summary>An issuer whose tokens (JWT) are trusted.</summary>
/// <param name="name">The claim <c>iss</c> of its tokens.</param>
/// <param name="audience">The claim <c>aud</c> that its tokens must contain; null for any.</param>
/// <param name="keys">Its keys.</param>
/// <param name="time">The clock.</param>
internal sealed class TokenIssuer(string name, string? audience, IIssuerKeys keys, TimeProvider time)
{
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    public string Name => name;

    /// <summary>Whether a token that was accepted before, by this issuer of an earlier configuration, would be accepted still.</summary>
    public bool Keeps(Identity identity) =>
        identity.Issuer is { } issuer && issuer.Name == name && issuer.Audience == audience && keys.Has(identity.Source);

    private string? Audience => audience;

    /// <summary>Checks a token of this issuer.</summary>
    /// <returns>The identity, or the reason why the token is not valid. The reason has nothing of the token but names.</returns>
    public async ValueTask<(Identity? Identity, string Reason)> CheckAsync(JsonWebToken token, CancellationToken stop)
    {
        // :: Step 1: the keys that it may be signed with
        var found = await keys.FindAsync(string.IsNullOrEmpty(token.Kid) ? null : token.Kid, stop);
        if (found.Count == 0) return (null, "its issuer has no key of its name (kid), or its keys could not be fetched");
        IssuerKey[] fitting = [.. found.Where(key => key.Algorithms.Contains(token.Alg))];
        if (fitting.Length == 0) return (null, "its algorithm (alg) does not fit the keys of its issuer");

        // :: Step 2: the signature, the issuer and the audience
        var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = name,
            ValidateAudience = audience is not null,
            ValidAudience = audience,
            ValidateLifetime = false, // step 3, by the clock of the host
            ValidAlgorithms = [token.Alg],
            IssuerSigningKeyResolver = (_, _, _, _) => fitting.Select(key => key.Key),
            TryAllIssuerSigningKeys = false,
            RequireSignedTokens = true,
        });
        if (!result.IsValid) return (null, ReasonOf(result.Exception));

        // :: Step 3: the time
        if (!token.TryGetPayloadValue(JwtRegisteredClaimNames.Exp, out double expires))
            return (null, "it never expires (it has no exp)");
        var now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
        var leeway = Identity.Leeway.TotalSeconds;
        if (expires + leeway <= now) return (null, "it has expired");
        if (token.TryGetPayloadValue(JwtRegisteredClaimNames.Nbf, out double begins) && begins - leeway > now)
            return (null, "it is not valid yet (nbf)");
        return Read(token, fitting.Single(key => ReferenceEquals(key.Key, result.SecurityToken.SigningKey)), expires);
    }

    private (Identity?, string) Read(JsonWebToken token, IssuerKey key, double expires)
    {
        var claims = Base64UrlEncoder.DecodeBytes(token.EncodedPayload);
        try
        {
            using var json = JsonDocument.Parse(claims);
            json.RootElement.TryGetProperty("sub", out var sub);
            var user = sub.ValueKind == JsonValueKind.String ? sub.GetString() : null;
            var last = DateTimeOffset.MaxValue.ToUnixTimeSeconds() - (long)Identity.Leeway.TotalSeconds;
            return (new(user, claims, (long)Math.Min(Math.Floor(expires), last)) { Issuer = this, Source = key.Source }, "");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            return (null, "its claims are not JSON that the host can read");
        }
    }

    private static string ReasonOf(Exception exception) => exception switch
    {
        SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidSignatureException => "its signature is wrong",
        SecurityTokenInvalidAudienceException => "its audience (aud) is another one",
        SecurityTokenInvalidIssuerException => "its issuer (iss) is another one",
        SecurityTokenInvalidAlgorithmException => "its algorithm (alg) does not fit the keys of its issuer",
        _ => $"the check failed with {exception.GetType().Name}",
    };
}

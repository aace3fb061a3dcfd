using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SharedState.Host.Access;

namespace SharedState.Host.Tests.Access;

/// <summary>Makes tokens: right ones, and wrong ones of each kind.</summary>
internal static class TestIssuer
{
    public const string Name = "https://id.example/", Secret = "a secret of more than thirty-two bytes";

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>A configuration that trusts the secret, and no more.</summary>
    public static AccessConfig Config { get; } = Trusting(IssuerKey.OfSecret(Encoding.UTF8.GetBytes(Secret)));

    /// <summary>The key of the secret, for signing.</summary>
    public static SigningCredentials Hmac { get; } = new(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(Secret)), "HS256");

    public static AccessConfig Trusting(params IssuerKey[] keys) => new([new(Name, null, keys, null)], [], null);

    /// <summary>A configuration with an API key and nothing else.</summary>
    public static AccessConfig WithKey(string key, string name = "importer", string claims = """{"role":"admin"}""", string? cookie = null)
    {
        var hash = ApiKey.HashOf(key);
        return new(Config.Issuers, [new(hash, new(name, Encoding.UTF8.GetBytes(claims), null) { Source = hash })], cookie);
    }

    /// <summary>A token for <c>ann</c> that expires in an hour, unless the claims say otherwise; a null removes a claim.</summary>
    public static string Token(TimeProvider time, SigningCredentials? by = null, string? claims = null)
    {
        var all = new JsonObject { ["iss"] = Name, ["sub"] = "ann", ["exp"] = Seconds(time, 3_600) };
        foreach (var (name, value) in JsonNode.Parse(claims ?? "{}")!.AsObject())
        {
            if (value is null) all.Remove(name);
            else all[name] = value.DeepClone();
        }
        return Handler.CreateToken(all.ToJsonString(), by ?? Hmac);
    }

    /// <summary>The moment that is so many seconds from now, as tokens have it.</summary>
    public static long Seconds(TimeProvider time, double fromNow) =>
        (long)((time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds + fromNow);

    /// <summary>A token with any head and any signature.</summary>
    public static string Forge(string head, string claims, string signature) =>
        $"{Base64UrlEncoder.Encode(head)}.{Base64UrlEncoder.Encode(claims)}.{signature}";

    /// <summary>The key set that an issuer publishes.</summary>
    public static string KeySet(params (string Name, AsymmetricAlgorithm Key)[] keys) => JsonSerializer.Serialize(new
    {
        keys = keys.Select(key =>
        {
            var converted = key.Key is RSA rsa
                ? JsonWebKeyConverter.ConvertFromRSASecurityKey(new(rsa.ExportParameters(false)))
                : JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new((ECDsa)key.Key));
            return key.Key is RSA
                ? new JsonObject { ["kid"] = key.Name, ["kty"] = "RSA", ["use"] = "sig", ["n"] = converted.N, ["e"] = converted.E }
                : new() { ["kid"] = key.Name, ["kty"] = "EC", ["crv"] = converted.Crv, ["x"] = converted.X, ["y"] = converted.Y };
        }),
    });
}

using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace SharedState.Host.Access;

/// <summary>A key that may have signed tokens of an issuer.</summary>
/// <param name="Key">The key.</param>
/// <param name="Source">What tells the key, or the document that it comes from, apart from others. Not a secret.</param>
/// <param name="Algorithms">The values of <c>alg</c> that fit the kind of the key. A token that names another one is refused, so that no
/// public key ever serves as the secret of an HMAC.</param>
internal sealed record IssuerKey(SecurityKey Key, string Source, IReadOnlyList<string> Algorithms)
{
    /// <summary>The least size of an RSA key (NIST SP 800-131A).</summary>
    public const int LeastRsaBits = 2_048;

    private static readonly string[] OfSecrets =
        [SecurityAlgorithms.HmacSha256, SecurityAlgorithms.HmacSha384, SecurityAlgorithms.HmacSha512];

    private static readonly string[] OfRsa =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
    ];

    /// <summary>The <c>kid</c> by which tokens name the key; null if the key has none, and may be meant by any token.</summary>
    public string? Name => string.IsNullOrEmpty(Key.KeyId) ? null : Key.KeyId;

    /// <summary>A shared secret.</summary>
    public static IssuerKey OfSecret(byte[] secret) =>
        new(new SymmetricSecurityKey(secret), Convert.ToHexStringLower(SHA256.HashData(secret)), OfSecrets);

    /// <summary>A public RSA key; null if it is too small.</summary>
    public static IssuerKey? Of(RSA rsa, string? name = null, string? algorithm = null, string? source = null) =>
        rsa.KeySize < LeastRsaBits ? null
            : new(
                new RsaSecurityKey(rsa.ExportParameters(includePrivateParameters: false)) { KeyId = name },
                source ?? Hash(rsa), Only(algorithm, OfRsa));

    /// <summary>A public key on an elliptic curve; null if JWT knows no algorithm for the curve.</summary>
    public static IssuerKey? Of(ECDsa ecdsa, string? name = null, string? algorithm = null, string? source = null)
    {
        string? only = ecdsa.ExportParameters(includePrivateParameters: false).Curve.Oid.FriendlyName switch
        {
            "nistP256" or "ECDSA_P256" => SecurityAlgorithms.EcdsaSha256,
            "nistP384" or "ECDSA_P384" => SecurityAlgorithms.EcdsaSha384,
            "nistP521" or "ECDSA_P521" => SecurityAlgorithms.EcdsaSha512,
            _ => null,
        };
        return only is null ? null : new(new ECDsaSecurityKey(ecdsa) { KeyId = name }, source ?? Hash(ecdsa), Only(algorithm, only));
    }

    private static string Hash(AsymmetricAlgorithm key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    private static string[] Only(string? algorithm, params string[] algorithms) =>
        algorithm is null ? algorithms : [.. algorithms.Where(other => other == algorithm)];
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Access;

/// <summary>Reads public keys: PEM blocks, or a JSON Web Key Set (RFC 7517).</summary>
internal static class KeyFile
{
    /// <summary>Larger than the key set of any issuer.</summary>
    public const int MostBytes = 1 << 20;

    /// <summary>The keys of a file. Null if there is no usable one; <paramref name="why"/> then says why.</summary>
    public static IReadOnlyList<IssuerKey>? Read(string path, out string why)
    {
        try
        {
            var text = Encoding.UTF8.GetString(SmallFile.Read(path, MostBytes));
            return text.AsSpan().TrimStart() is ['{', ..] ? OfJwks(text, null, out why) : OfPem(text, out why);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            why = $"the file cannot be read: {JsonFile.Reason(e)}";
            return null;
        }
    }

    /// <summary>The keys for signatures in a key set. Keys of kinds that the host does not know are left out.</summary>
    /// <param name="json">The document.</param>
    /// <param name="source">The address of the document; null if each key stands for itself.</param>
    /// <param name="why">Why there is no usable key.</param>
    public static IReadOnlyList<IssuerKey>? OfJwks(string json, string? source, out string why)
    {
        why = "there is no public RSA key of at least 2048 bits and no EC key (P-256, P-384, P-521) for signatures in its \"keys\"";
        try
        {
            var keys = new JsonWebKeySet(json).Keys.Where(key => key.Use is null or "" or "sig")
                .Select(key => Of(key, source)).OfType<IssuerKey>().ToArray();
            return keys.Length > 0 ? keys : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or JsonException)
        {
            why = "it is not a JSON Web Key Set";
            return null;
        }
    }

    private static List<IssuerKey>? OfPem(string text, out string why)
    {
        var keys = new List<IssuerKey>();
        why = "it has neither PEM blocks nor a JSON Web Key Set";
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var block))
        {
            var label = rest[block.Label].ToString();
            if (label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
            {
                why = "it has a private key, which only the issuer may know; write the public key with openssl pkey -in FILE -pubout";
                return null;
            }
            if (Of(label, rest[block.Location]) is { } key) keys.Add(key);
            else why = $"its block {label} has no public RSA key of at least 2048 bits and no EC key (P-256, P-384, P-521)";
            rest = rest[block.Location.End..];
        }
        return keys.Count > 0 ? keys : null;
    }

    private static IssuerKey? Of(string label, ReadOnlySpan<char> pem)
    {
        try
        {
            if (label == "CERTIFICATE")
            {
                using var certificate = X509Certificate2.CreateFromPem(pem);
                using var ofCertificate = certificate.GetRSAPublicKey();
                return ofCertificate is not null ? IssuerKey.Of(ofCertificate)
                    : certificate.GetECDsaPublicKey() is { } onCurve ? IssuerKey.Of(onCurve) : null;
            }
            using var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            return IssuerKey.Of(rsa);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return OnCurve(pem);
        }
    }

    private static IssuerKey? OnCurve(ReadOnlySpan<char> pem)
    {
        var ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportFromPem(pem);
            return IssuerKey.Of(ecdsa); // keeps the object
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            ecdsa.Dispose();
            return null;
        }
    }

    private static IssuerKey? Of(JsonWebKey key, string? source)
    {
        key.X5c.Clear(); // else the converter takes the certificate instead of the key
        try
        {
            if (key.HasPrivateKey || !JsonWebKeyConverter.TryConvertToSecurityKey(key, out var converted)) return null;
            if (converted is ECDsaSecurityKey { ECDsa: { } ecdsa }) return IssuerKey.Of(ecdsa, key.Kid, key.Alg, source);
            if (converted is not RsaSecurityKey rsaKey) return null;
            using var rsa = RSA.Create(rsaKey.Parameters);
            return IssuerKey.Of(rsa, key.Kid, key.Alg, source);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or FormatException)
        {
            return null;
        }
    }
}

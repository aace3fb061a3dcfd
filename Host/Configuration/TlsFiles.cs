using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Configuration;

/// <summary>The PEM files of a certificate, possibly with its chain, and of its private key.</summary>
internal sealed record TlsFiles(string Certificate, string Key)
{
    private const string Begin = "-----BEGIN ", End = "-----";

    // In the old form, the block has the same name as that of a plain key.
    private const string Encrypted = "Proc-Type: 4,ENCRYPTED";

    /// <summary>Reads <c>service.tls</c> and loads the files; null if the field is absent, or after a mistake.</summary>
    public static TlsFiles? Read(JsonFile file, JsonFields fields)
    {
        if (fields.Node is null) return null;
        var certificate = fields.RequiredText("certificate");
        var key = fields.RequiredText("key");
        fields.End();
        if (certificate is null || key is null) return null;

        var files = new TlsFiles(file.Absolute(certificate), file.Absolute(key));
        if (files.TryLoad(out _, out var why)) return files;
        file.Add(fields.Node, why);
        return null;
    }

    /// <summary>Why a certificate should not be used at a time, as a sentence; null if it is valid.</summary>
    public static string? Invalidity(X509Certificate2 certificate, DateTimeOffset now) =>
        now < certificate.NotBefore ? FormattableString.Invariant($"it is not valid before {certificate.NotBefore.ToUniversalTime():u}")
        : now >= certificate.NotAfter ? FormattableString.Invariant($"it expired at {certificate.NotAfter.ToUniversalTime():u}")
        : null;

    /// <summary>Loads the certificate for handshakes, or says why that is impossible.</summary>
    public bool TryLoad(out SslStreamCertificateContext? context, out string why)
    {
        context = null;
        why = "";
        foreach (var path in new[] { Certificate, Key })
        {
            try
            {
                File.OpenRead(path).Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                why = $"the file {path} cannot be read: {JsonFile.Reason(e)}";
                return false;
            }
        }
        if (FindFault() is { } fault)
        {
            why = fault;
            return false;
        }
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(Certificate);
            var certificate = X509Certificate2.CreateFromPemFile(Certificate, Key);
            // Offline: a handshake must not wait for the server of a certificate authority.
            context = SslStreamCertificateContext.Create(certificate, chain, offline: true);
            return true;
        }
        catch (Exception e) when (IsOfCryptography(e) && IsCertificate() && (IsKey(RSA.Create) || IsKey(ECDsa.Create)))
        {
            why = $"the private key in {Key} does not belong to the certificate in {Certificate}: they must be of one pair";
            return false;
        }
        catch (Exception e) when (IsOfCryptography(e) || e is IOException)
        {
            why = $"{Certificate} and {Key} are not a certificate and its unencrypted private key in PEM form: {e.Message}";
            return false;
        }
    }

    /// <summary>The mistake in the blocks of the files; null if one holds a certificate and the other a plain key.</summary>
    private string? FindFault()
    {
        string[] certificates = Labels(Certificate), keys = Labels(Key);
        if (!certificates.Contains("CERTIFICATE")) return $"there is no certificate in {Certificate}{Instead(certificates)}";
        if (keys.Contains("ENCRYPTED PRIVATE KEY") || File.ReadLines(Key).Any(line => line.StartsWith(Encrypted, StringComparison.Ordinal)))
        {
            return $"the private key in {Key} is encrypted, and the host cannot ask for its passphrase: decrypt it with "
                + "openssl pkey -in FILE -out FILE";
        }
        return keys.Any(label => label.EndsWith("PRIVATE KEY", StringComparison.Ordinal)) ? null
            : $"there is no private key in {Key}{Instead(keys)}";
    }

    private static bool IsOfCryptography(Exception e) => e is CryptographicException or ArgumentException;

    /// <summary>Whether the certificate by itself can be used.</summary>
    private bool IsCertificate()
    {
        try
        {
            X509Certificate2.CreateFromPem(File.ReadAllText(Certificate)).Dispose();
            return true;
        }
        catch (Exception e) when (IsOfCryptography(e))
        {
            return false;
        }
    }

    /// <summary>Whether the key by itself can be used.</summary>
    private bool IsKey(Func<AsymmetricAlgorithm> create)
    {
        using var key = create();
        try
        {
            key.ImportFromPem(File.ReadAllText(Key));
            return true;
        }
        catch (Exception e) when (IsOfCryptography(e))
        {
            return false;
        }
    }

    private static string Instead(string[] labels) => labels.Length == 0 ? ": it is not in PEM form" : $", but {string.Join(", ", labels)}";

    /// <summary>What the blocks of a PEM file are.</summary>
    private static string[] Labels(string path) =>
    [
        .. File.ReadLines(path).Select(line => line.TrimEnd())
            .Where(line => line.StartsWith(Begin, StringComparison.Ordinal) && line.EndsWith(End, StringComparison.Ordinal))
            .Select(line => line[Begin.Length..^End.Length]).Distinct(),
    ];
}

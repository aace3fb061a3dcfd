using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>Whom to trust, and what to show, on connections by TLS.</summary>
internal sealed class TlsFiles
{
    /// <summary>Those that the server's certificate must be signed by; null for those that this computer trusts.</summary>
    private X509Certificate2Collection? _authorities;
    private X509Certificate2? _own;

    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Config"/>: a file can't be read.</exception>
    public static TlsFiles From(ItemServiceContext context)
    {
        var files = new TlsFiles();
        if (context.GetPath("ssl.ca") is { } authority)
        {
            files._authorities = [];
            Read("ssl.ca", authority, () => files._authorities.ImportFromPemFile(authority));
            if (files._authorities.Count == 0)
                throw RedisOptions.Wrong("ssl.ca", $"names a file without a certificate in PEM: {authority}");
        }
        if (context.GetPath("ssl.cert") is { } certificate)
        {
            var key = context.GetPath("ssl.key") ?? throw RedisOptions.Wrong("ssl.key", "is missing: ssl.cert needs one");
            Read("ssl.cert", $"{certificate} with the key {key}", () => files._own = X509Certificate2.CreateFromPemFile(certificate, key));
        }
        return files;
    }

    public void ApplyTo(ConfigurationOptions connection)
    {
        connection.Ssl = true;
        connection.CheckCertificateRevocation = false;
        connection.CertificateValidation += (_, certificate, _, errors) => IsTrusted(certificate as X509Certificate2, errors);
        if (_own is not null) connection.CertificateSelection += (_, _, _, _, _) => _own;
    }

    private bool IsTrusted(X509Certificate2? certificate, SslPolicyErrors errors)
    {
        if (_authorities is null || certificate is null) return errors == SslPolicyErrors.None;
        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private static void Read(string key, string name, Action read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw RedisOptions.Wrong(key, $"can't be read: {name} ({e.Message})", e);
        }
    }
}

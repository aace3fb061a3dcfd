using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Configuration;

/// <summary>The PEM files of a certificate, possibly with its chain, and of its private key.</summary>
internal sealed record TlsFiles(string Certificate, string Key)
{
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
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(Certificate);
            var certificate = X509Certificate2.CreateFromPemFile(Certificate, Key);
            // Offline: a handshake must not wait for the server of a certificate authority.
            context = SslStreamCertificateContext.Create(certificate, chain, offline: true);
            return true;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException)
        {
            why = $"{Certificate} and {Key} are not a certificate and its unencrypted private key in PEM form: {e.Message}";
            return false;
        }
    }
}

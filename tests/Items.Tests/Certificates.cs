using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SharedState.Items.Tests;

/// <summary>Certificates for the tests of encryption: NAME.pem and NAME.key in a folder.</summary>
internal static class Certificates
{
    /// <summary>An authority, whose certificate is written.</summary>
    public static X509Certificate2 Authority(TemporaryFolder folder, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(folder.File($"{name}.pem"), certificate.ExportCertificatePem());
        return certificate;
    }

    /// <summary>A certificate for 127.0.0.1, which is written with its key.</summary>
    public static X509Certificate2 Issue(X509Certificate2 authority, TemporaryFolder folder, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(
            authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(folder.File($"{name}.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(folder.File($"{name}.key"), key.ExportPkcs8PrivateKeyPem());
        return X509Certificate2.CreateFromPemFile(folder.File($"{name}.pem"), folder.File($"{name}.key"));
    }
}

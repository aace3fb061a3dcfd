using Xunit;

namespace SharedState.Items.Tests;

/// <summary>With a Redis that serves by TLS only, and asks for a certificate.</summary>
public sealed class RedisTlsTests : RedisTests, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [RedisFact]
    public async Task WhoHasTheCertificatesIsServedAndWhoHasNotIsToldWhy()
    {
        using var authority = Certificates.Authority(_folder, "ca");
        using var stranger = Certificates.Authority(_folder, "other");
        Certificates.Issue(authority, _folder, "server").Dispose();
        using var own = Certificates.Issue(authority, _folder, "host");
        await using var server = await RedisServer.StartAsync(
            ["--tls-port-here", "--tls-cert-file", _folder.File("server.pem"), "--tls-key-file", _folder.File("server.key"), "--tls-ca-cert-file", _folder.File("ca.pem")],
            settings =>
            {
                settings.Ssl = true;
                settings.TrustIssuer(authority);
                settings.CertificateSelection += (_, _, _, _, _) => own;
            });
        var config = server.Config();
        (config["ssl.enabled"], config["ssl.ca"], config["ssl.cert"], config["ssl.key"]) = (
            "true", _folder.File("ca.pem"), _folder.File("host.pem"), _folder.File("host.key"));
        await InsertAsync(await OpenAsync(config), "a");

        var wrong = new Dictionary<string, string>(config) { ["ssl.ca"] = _folder.File("other.pem") };
        var refusal = await RefusedAsync(wrong);
        Assert.Equal((ItemServiceFault.Config, "ssl.ca"), (refusal.Fault, refusal.ConfigKey));
        Assert.Contains("does not vouch for the certificate", refusal.Message);

        var without = new Dictionary<string, string>(config);
        without.Remove("ssl.cert");
        await RefusedAsync(without);
        await RefusedAsync(server.Config());

        var elsewhere = new Dictionary<string, string>(config) { ["db_host"] = "localhost" }; // the certificate is for 127.0.0.1
        Assert.Equal("ssl.ca", (await RefusedAsync(elsewhere)).ConfigKey);
    }

    public void Dispose() => _folder.Delete();
}

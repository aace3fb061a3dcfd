using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>A server that requires encryption, with a certificate for 127.0.0.1 of an authority of its own.</summary>
public sealed class MySqlTlsTests : MySqlTests
{
    private readonly TemporaryFolder _folder = new();
    private MariaDbServer _server = null!;

    protected override async Task<MariaDbServer> ServerAsync()
    {
        using var authority = Certificates.Authority(_folder, "ca");
        using var another = Certificates.Authority(_folder, "another");
        Certificates.Issue(authority, _folder, "server").Dispose();
        Certificates.Issue(authority, _folder, "client").Dispose();
        return _server = await MariaDbServer.StartAsync(
            $"--ssl-ca={_folder.File("ca.pem")}",
            $"--ssl-cert={_folder.File("server.pem")}",
            $"--ssl-key={_folder.File("server.key")}",
            "--require-secure-transport=ON");
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
        _folder.Delete();
    }

    [MariaDbFact]
    public async Task TheRightAuthorityIsTrustedAndTheWrongOneRefused()
    {
        var service = await OpenAsync(change: config => Encrypt(config, "ca.pem"));
        await InsertAsync(service, "a");
        Assert.Single((await LoadAsync(service)).Items);

        await RefusedAsync("ssl.ca", config => Encrypt(config, "another.pem"));
        await RefusedAsync("ssl.ca", config => config["ssl.enabled"] = "true"); // the system knows no such authority
        Assert.Contains("\"ssl.enabled\"", await RefusedAsync("db_password", _ => { })); // all that MariaDB says is that it denies access

        // The certificate is for an address, not for this name of it.
        await RefusedAsync("ssl.ca", config =>
        {
            Encrypt(config, "ca.pem");
            config["db_host"] = "localhost";
        });
    }

    [MariaDbFact]
    public async Task AClientMayHaveACertificateToo()
    {
        await _server.SqlAsync($"CREATE USER certified IDENTIFIED BY 'x' REQUIRE X509; GRANT ALL ON `{Database.Name}`.* TO certified");
        await RefusedAsync("db_password", config => Certified(config, certificate: false));
        await InsertAsync(await OpenAsync(change: config => Certified(config, certificate: true)), "a");

        void Certified(Dictionary<string, string> config, bool certificate)
        {
            Encrypt(config, "ca.pem");
            (config["db_user"], config["db_password"]) = ("certified", "x");
            if (certificate) (config["ssl.cert"], config["ssl.key"]) = (_folder.File("client.pem"), _folder.File("client.key"));
        }
    }

    [MariaDbFact]
    public async Task AMissingFileOrHalfAPairIsNamed()
    {
        await RefusedAsync("ssl.ca", config => Encrypt(config, "nothing.pem"));
        await RefusedAsync("ssl.cert", config => { Encrypt(config, "ca.pem"); config["ssl.cert"] = _folder.File("client.pem"); });
        await RefusedAsync("ssl.enabled", config => { Encrypt(config, "ca.pem"); config["db_host"] = "/run/socket"; });
    }

    private async Task<string> RefusedAsync(string key, Action<Dictionary<string, string>> change)
    {
        var refusal = await RefusedAsync(change);
        Assert.True(refusal is { Fault: ItemServiceFault.Config } && refusal.ConfigKey == key, refusal.ToString());
        return refusal.Message;
    }

    private void Encrypt(Dictionary<string, string> config, string authority)
    {
        config["ssl.enabled"] = "true";
        config["ssl.ca"] = _folder.File(authority);
    }
}

using SharedState;

namespace Items.Postgres.Tests;

/// <summary>Connections that are encrypted, and servers that are not who they should be.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private PostgresServer _server = null!;

    public async Task InitializeAsync() => _server = await PostgresServer.StartNewWithTlsAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task TheServerIsVerifiedWhereThatIsAskedFor()
    {
        await using (var service = await Opened.OpenAsync(Config("verify-full", _server.Certificate)))
        {
            await service.CommitAsync(Opened.Put(Opened.Key, "a"));
            Assert.Equal(
                true,
                await _server.ExecuteAsync(
                    "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name LIKE "
                        + "'shared_state%'",
                    asAdministrator: true));
        }

        // No certificate that the system trusts, but good enough for not being read by others.
        Assert.Equal(ItemServiceFault.Unavailable, (await Opened.FailsToOpenAsync(Config("verify-full"))).Fault);
        await (await Opened.OpenAsync(Config("require"))).DisposeAsync();
    }

    private Dictionary<string, string> Config(string mode, string? ca = null)
    {
        var config = _server.Config("tls");
        config["ssl.mode"] = mode;
        if (ca != null)
        {
            config["ssl.ca"] = ca;
        }

        return config;
    }
}

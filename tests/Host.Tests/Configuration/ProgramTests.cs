using System.Net;
using System.Net.Sockets;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Configuration;

/// <summary>The real program, from outside.</summary>
public sealed class ProgramTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AConfigWithFiveMistakesPrintsFiveSentences()
    {
        _folder.Write("my.json", """
            {
              "service": {"prot": 9000, "log": "xml"},
              "services": [
                {"name": "a/b", "module": "items_service", "config": {"db_type": "memory", "db_nmae": "x"}},
                {"name": "c", "module": "item_service", "config": {}}
              ],
              "plugins": ["PLUGINS"]
            }
            """.Replace("PLUGINS", TempFolder.TestPlugins, StringComparison.Ordinal));
        using var host = Start("my.json");
        Assert.Equal(1, await host.ExitAsync());
        Assert.Equal(
            [
                "my.json:2:15 service.prot: unknown field; did you mean \"port\"?",
                "my.json:2:36 service.log: must be \"text\" or \"json\", not \"xml\"",
                "my.json:4:14 services[0].name: a service's name must not hold a slash: it is one segment of a path",
                "my.json:4:80 services[0].config.db_nmae: unknown key for TestPlugins.Memory 1.0.0; did you mean \"db_name\"?",
                "my.json:5:29 services[1].module: unknown module \"item_service\"; the installed plugins serve items_service",
            ],
            host.Lines);
    }

    [Fact]
    public async Task AFileOfAnExistingInstallationLoadsAndAServiceWithoutItsDatabaseIsTriedAgain()
    {
        // Word for word but for the ports: nothing listens on this one.
        Write("""
            {"service": {"host": "0.0.0.0", "port": 0},
             "services": [
               {"name": "items", "module": "items_service",
                "config": {"db_type": "mysql", "db_name": "sharedstate", "db_table": "items", "db_host": "localhost", "db_port": 1, "db_user": "myuser",
                           "db_password": "secret", "ssl.enabled": false, "ssl.key": null, "ssl.ca": null, "ssl.cert": null}},
               {"name": "mitems", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:", "db_table": "items"}}]}
            """);
        using var host = Start("my.json");
        using var client = new HttpClient { BaseAddress = await host.UriAsync() };
        Assert.Contains("localhost:1 can't be reached", await host.LineAsync("Service items is not open yet"), StringComparison.Ordinal);
        await host.LineAsync("Service mitems: Items.Sqlite 1.0.0, sqlite, :memory:, items");
        await host.LineAsync("WRN Anyone who can reach");

        using var nothing = await client.GetAsync("/no/such/page");
        Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
        Assert.StartsWith("There is no such page.", await nothing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.False(nothing.Headers.Contains("Server"));

        await host.WriteAndReadAsync("mitems");
        Assert.Equal(0, await host.TerminateAsync());
        Assert.DoesNotContain("secret", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheDefaultFileServesBothItsServicesFromAnyFolder()
    {
        var plugins = await File.ReadAllTextAsync(Repository.At("plugins.json"));
        Assert.Contains("\"port\": 9000", plugins, StringComparison.Ordinal);
        _folder.Write("plugins.json", plugins.Replace("\"port\": 9000", "\"port\": 0", StringComparison.Ordinal));
        using (var host = Start())
        {
            await host.WriteAndReadAsync("items");
            await host.WriteAndReadAsync("mitems");
            Assert.Equal(0, await host.TerminateAsync());
        }
        Assert.True(File.Exists(_folder["data/items.db"]));

        using var again = Start();
        await using var client = await again.ConnectAsync();
        Assert.Single((await client.GetAsync("/app/items/chnl"))["data"]!.AsArray());
        Assert.Empty((await client.GetAsync("/app/mitems/chnl"))["data"]!.AsArray());
    }

    [Fact]
    public async Task CheckTellsWhetherEachServiceWouldOpenAndAStartReportsTheSame()
    {
        Write("""
            {"plugins": ["PLUGINS"], "service": {"port": 0, "limits": {"storage_seconds": 2.5}}, "services": [
              {"name": "good", "module": "items_service", "config": {"db_type": "memory"}},
              {"name": "ctor", "module": "items_service", "config": {"db_type": "throws_in_constructor"}},
              {"name": "open", "module": "items_service", "config": {"db_type": "throws_at_open"}},
              {"name": "key", "module": "items_service", "config": {"db_type": "throws_at_open", "fault": "config", "db_table": "x"}},
              {"name": "file", "module": "items_service", "config": {"db_type": "throws_at_open", "fault": "unusable"}},
              {"name": "hang", "module": "items_service", "config": {"db_type": "hangs_at_open"}}]}
            """);
        using var check = Start("my.json", "--check");
        Assert.Equal(1, await check.ExitAsync());
        Assert.Equal(
            [
                $"{_folder["my.json"]} can be read, and 5 of 6 services would not run",
                "  good  ok: TestPlugins.Memory 1.0.0, memory",
                "  ctor  does not run: the constructor of TestPlugins.Service in TestPlugins.ThrowsInConstructor 1.0.0 failed: "
                    + "InvalidOperationException: the moon is in the wrong phase",
                "  open  does not run: the plugin failed to open it: InvalidOperationException: something broke",
                "  key   does not run: my.json:5:117 services[3].config.db_table: \"db_table\" must be shorter",
                "  file  does not run: the file is a photograph",
                "  hang  does not run yet: the storage does not answer",
            ],
            check.Lines);

        using var host = Start("my.json");
        await host.LineAsync("Doors: TLS off, origins those of this computer");
        foreach (var line in check.Lines.Skip(2))
        {
            var (name, reason) = (line[2..6].TrimEnd(), line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
            Assert.Contains(host.Lines, said => said.Contains($" Service {name}", StringComparison.Ordinal)
                && said.EndsWith(line.Contains("yet", StringComparison.Ordinal) ? $"not open yet: {reason}" : $" does not run: {reason}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task CheckFindsAMisspelledKeyInOneLineAndAPortInUse()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        Write($$"""
            {"service": {"port": {{port}}, "host": "127.0.0.1"}, "plugins": ["PLUGINS"],
             "services": [{"name": "good", "module": "items_service", "config": {"db_type": "memory"} }]}
            """);
        using var check = Start("my.json", "--check");
        Assert.Equal(1, await check.ExitAsync());
        Assert.EndsWith($"service.port: another program uses 127.0.0.1:{port}; end that program, or use another port", check.Lines[1]);
        Assert.StartsWith("  a start would fail now: my.json:1:", check.Lines[1], StringComparison.Ordinal);
        Assert.Equal("  good  ok: TestPlugins.Memory 1.0.0, memory", check.Lines[2]);

        Write("""
            {"service": {"port": 0},
             "services": [{"name": "file", "module": "items_service", "config": {"db_type": "sqlite", "db_nam": "x.db"}}]}
            """);
        using var misspelled = Start("my.json", "--check");
        Assert.Equal(1, await misspelled.ExitAsync());
        Assert.EndsWith(
            "services[0].config.db_nam: unknown key for Items.Sqlite 1.0.0; did you mean \"db_name\"?", Assert.Single(misspelled.Lines));
    }

    [Fact]
    public async Task CheckFindsTwoServicesWithOneTable()
    {
        Write("""
            {"service": {"port": 0}, "services": [
              {"name": "one", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "x.db"}},
              {"name": "two", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "x.db"}}]}
            """);
        using var check = Start("my.json", "--check");
        Assert.Equal(1, await check.ExitAsync());
        Assert.Single(check.Lines, line => line.Contains("ok: Items.Sqlite", StringComparison.Ordinal));
        Assert.Single(
            check.Lines,
            line =>
                line.Contains("does not run: my.json:", StringComparison.Ordinal)
                && line.Contains(" has table items of ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AServiceThatIsNotOpenYetIsNotReportedAsRunning()
    {
        Write("""
            {"plugins": ["PLUGINS"], "service": {"port": 0, "limits": {"storage_seconds": 0.5}}, "services": [
              {"name": "hang", "module": "items_service", "config": {"db_type": "hangs_at_open"}}]}
            """);
        using var host = Start("my.json");
        Assert.EndsWith(
            "WRN Service hang: TestPlugins.HangsAtOpen 1.0.0, hangs_at_open; not open yet: the storage does not answer",
            await host.LineAsync("Service hang: "),
            StringComparison.Ordinal);
        Assert.Equal(0, await host.TerminateAsync());
    }

    [Fact]
    public async Task AGoodFileChecksWithZero()
    {
        Write("""
            {"plugins": ["PLUGINS"], "service": {"port": 0},
             "services": [{"name": "good", "module": "items_service", "config": {"db_type": "memory"}}]}
            """);
        using var host = Start("--check");
        Assert.Equal(0, await host.ExitAsync());
    }

    [Fact]
    public async Task IfNoServiceCanRunTheHostEnds()
    {
        Write(
            """{"plugins": ["PLUGINS"], "service": {"port": 0}, "services": [{"name": "items", "module": "items_service", "config": {"db_type": "oracle"}}]}"""
        );
        using var host = Start("my.json");
        Assert.Equal(1, await host.ExitAsync());
        var refusal = await host.LineAsync("Service items does not run");
        Assert.Contains("no installed plugin is for db_type \"oracle\"; found: ", refusal, StringComparison.Ordinal);
        Assert.Contains(
            $"Items.Sqlite 1.0.0 (db_type sqlite) in {Path.Combine(AppContext.BaseDirectory, "plugins", "Items.Sqlite")}", refusal,
            StringComparison.Ordinal);
        Assert.Contains("No service can run", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheEnvironmentDoesNotMoveThePort()
    {
        Write(
            """{"plugins": ["PLUGINS"], "service": {"port": 0}, "services": [{"name": "items", "module": "items_service", "config": {"db_type": "memory"}}]}"""
        );
        _folder.Write(
            "appsettings.json",
            """{"Kestrel": {"Endpoints": {"Http": {"Url": "http://127.0.0.1:1"}}}, "urls": "http://127.0.0.1:1"}"""
        );
        using var host = HostProcess.Start(_folder.FullName, ["my.json"], environment: new() { ["ASPNETCORE_URLS"] = "http://127.0.0.1:1", ["ASPNETCORE_HTTP_PORTS"] = "1", ["DOTNET_URLS"] = "http://127.0.0.1:1" });
        var uri = await host.UriAsync();
        using var loopback = new TcpClient();
        await loopback.ConnectAsync(IPAddress.Loopback, uri.Port);
        if (!Socket.OSSupportsIPv6) return;
        using var loopback6 = new TcpClient(AddressFamily.InterNetworkV6);
        await loopback6.ConnectAsync(IPAddress.IPv6Loopback, uri.Port);
    }

    [Fact]
    public async Task JsonLogsAreJsonLines()
    {
        Write(
            """{"plugins": ["PLUGINS"], "service": {"port": 0, "log": "json"}, "services": [{"name": "items", "module": "items_service", "config": {"db_type": "memory"}}]}"""
        );
        using var host = Start("my.json");
        await host.LineAsync("Doors");
        Assert.Equal(0, await host.TerminateAsync());
        Assert.All(host.Lines, line => Assert.NotEmpty((string)System.Text.Json.Nodes.JsonNode.Parse(line)!["@m"]!));
    }

    [Fact]
    public async Task TheLevelOfTheLogIsASetting()
    {
        Write("""
            {"plugins": ["PLUGINS"], "service": {"port": 0, "log_level": "error"}, "services": [
              {"name": "items", "module": "items_service", "config": {"db_type": "memory"}},
              {"name": "none", "module": "items_service", "config": {"db_type": "oracle"}}]}
            """);
        using var host = Start("my.json");
        await host.LineAsync(" ERR Service none does not run");
        host.Signal("TERM");
        Assert.Equal(0, await host.ExitAsync());
        Assert.Single(host.Lines);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task NoLogLineOfAPluginContainsASecret(string log)
    {
        Write("""
            {"plugins": ["PLUGINS"], "service": {"port": 0}, "services": [
              {"name": "items", "module": "items_service", "config": {"db_type": "tells_password", "db_password": {"env": "SHAREDSTATE_TEST_PASSWORD"}}}]}
            """);
        using var host = HostProcess.Start(
            _folder.FullName, ["my.json", "--log", log], environment: new() { ["SHAREDSTATE_TEST_PASSWORD"] = "hush {0} hush" });
        await using var client = await host.ConnectAsync();
        Assert.False((bool)(await client.GetAsync("/app/items/chnl"))["ok"]!);
        await host.LineAsync("TimeoutException");
        Assert.Equal(0, await host.TerminateAsync());

        Assert.DoesNotContain("hush", host.Output, StringComparison.Ordinal);
        if (log == "json") return;
        string[] expected = ["Value ***, 7 of ***, b", "Template ***", "Taken apart { Password = *** }", "no access with ***", "State ***", "Within"];
        foreach (var text in expected) Assert.Contains(text, host.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--bogus", 2, "unknown option --bogus; --help lists them")]
    [InlineData("--json", 2, "--json goes with --plugins; for a log of JSON lines: --log json")]
    [InlineData("--version", 0, "Shared State 1.0.0")]
    [InlineData("none.json", 1, "none.json: the file cannot be read: there is no such file")]
    public async Task TheCommandLineIsAnswered(string argument, int code, string line)
    {
        using var host = Start(argument);
        Assert.Equal(code, await host.ExitAsync());
        Assert.Equal([line], host.Lines);
    }

    private void Write(string json) => _folder.Write("my.json", json.Replace("PLUGINS", TempFolder.TestPlugins, StringComparison.Ordinal));

    private HostProcess Start(params string[] arguments) =>
        HostProcess.Start(_folder.FullName, arguments is ["--check"] ? ["my.json", "--check"] : arguments);
}

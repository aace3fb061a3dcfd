using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using SharedState.Host.Plugins;
using SharedState.Host.Tests.Engine;
using SharedState.Host.Tests.Plugins;

namespace SharedState.Host.Tests.Admin;

/// <summary>The admin side of the real program.</summary>
public sealed class AdminTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task TheListShowsTheStateOfEachServiceWithItsReason()
    {
        _folder.CopyPlugin("ThrowsAtOpen", "plugs/ThrowsAtOpen");
        _folder.CopyPlugin("HangsAtOpen", "plugs/HangsAtOpen");
        _folder.CopyPlugin("ThrowsInConstructor", "plugs/ThrowsInConstructor");
        using var host = Start(
            """{"port": 0, "admin": {"port": 0}, "limits": {"storage_seconds": 0.5}}""",
            ("good", "sqlite"),
            ("file", "throws_at_open"),
            ("hang", "hangs_at_open"),
            ("ctor", "throws_in_constructor"),
            ("none", "oracle"));
        var list = await ListAsync(host);

        Assert.Equal("good running ", Services(list, "Items.Sqlite"));
        Assert.Equal(
            "file refused the plugin failed to open it: InvalidOperationException: something broke",
            Services(list, "TestPlugins.ThrowsAtOpen"));
        Assert.Equal("hang not_open the storage does not answer", Services(list, "TestPlugins.HangsAtOpen"));
        Assert.StartsWith(
            "ctor refused the constructor of TestPlugins.Service", Services(list, "TestPlugins.ThrowsInConstructor"),
            StringComparison.Ordinal);
        Assert.Equal("", Services(list, "Items.Redis"));
        var none = Assert.Single(list["without_plugin"]!.AsArray())!;
        Assert.StartsWith(
            "none refused no installed plugin is for db_type \"oracle\"", $"{none["name"]} {none["state"]} {none["reason"]}",
            StringComparison.Ordinal);

        Assert.Equal("ok", (string)Find(list, "Items.Sqlite")["status"]!);
        var failed = Find(list, "TestPlugins.ThrowsAtOpen");
        Assert.Equal("failed", (string)failed["status"]!);
        Assert.Equal(
            "TestPlugins.ThrowsAtOpen 1.0.0 does not run service file: the plugin failed to open it: InvalidOperationException: something "
                + "broke.",
            (string)failed["reason"]!);
        Assert.Equal("Remove that cause in the configuration or in the storage, and start the service again.", (string)failed["fix"]!);
        Assert.Equal(
            "TestPlugins.HangsAtOpen 1.0.0 cannot open service hang yet: the storage does not answer.",
            (string)Find(list, "TestPlugins.HangsAtOpen")["reason"]!);
    }

    [Fact]
    public async Task TheListShowsTheRunningContentAndTheContentOfTheFolder()
    {
        var plugin = _folder.CopyPlugin("Memory", "plugs/Memory");
        using var host = Start("""{"port": 0, "admin": {"port": 0}}""", ("items", "memory"));
        var started = PluginCache.Hash(plugin);
        var list = await ListAsync(host);
        Assert.Equal($"ok True {started} {started} 0", Running(list, "TestPlugins.Memory"));
        Assert.Equal("False", $"{Find(list, "Items.Redis")["loaded"]}", ignoreCase: true);
        Assert.Null(Find(list, "Items.Redis")["running_sha256"]);

        // An unusable folder does not replace the running plugin.
        Metadata.PretendReference(Path.Combine(plugin, "TestPlugins.Memory.dll"), "SharedState.Abstractions", 1, 7);
        list = await ListAsync(host);
        Assert.Equal($"unusable True {PluginCache.Hash(plugin)} {started} 0", Running(list, "TestPlugins.Memory"));
        Assert.Matches("^items (running|kept) ", Services(list, "TestPlugins.Memory")); // kept, as soon as the host has noticed

        Directory.Delete(plugin, recursive: true);
        list = await ListAsync(host);
        Assert.Equal($"unusable True  {started} 0", Running(list, "TestPlugins.Memory"));
        Assert.Equal(
            "TestPlugins.Memory 1.0.0 is no longer in its folder; the host continues with its copy.",
            (string)Find(list, "TestPlugins.Memory")["reason"]!);
    }

    [Fact]
    public async Task TheListCountsSwapsAndShowsServicesWhoseChangeFailed()
    {
        var plugin = _folder.CopyPlugin("Memory", "plugs/Memory");
        using var host = Start("""{"port": 0, "admin": {"port": 0}}""", ("items", "memory"));
        Assert.Equal(0, (long)Find(await ListAsync(host), "TestPlugins.Memory")["bytes_left"]!);
        File.AppendAllText(Path.Combine(plugin, "plugin.json"), "\n");
        var next = PluginCache.Hash(plugin);
        await Wait.UntilAsync(async () => Running(await ListAsync(host), "TestPlugins.Memory") == $"ok True {next} {next} 1", "the swap");
        Assert.True((long)Find(await ListAsync(host), "TestPlugins.Memory")["bytes_left"]! > 0);

        Metadata.PretendReference(Path.Combine(plugin, "TestPlugins.Memory.dll"), "SharedState.Abstractions", 1, 7);
        await Wait.UntilAsync(
            async () => Services(await ListAsync(host), "TestPlugins.Memory").StartsWith("items kept ", StringComparison.Ordinal),
            "the failed swap");
        Assert.Contains("is built for contract 1.7", Services(await ListAsync(host), "TestPlugins.Memory"), StringComparison.Ordinal);
        Assert.Equal($"unusable True {PluginCache.Hash(plugin)} {next} 1", Running(await ListAsync(host), "TestPlugins.Memory"));
    }

    [Fact]
    public async Task AddedServicesAreInTheList()
    {
        _folder.CopyPlugin("Memory", "plugs/Memory");
        using var host = Start("""{"port": 0, "admin": {"port": 0}}""", ("items", "sqlite"));
        Assert.False((bool)Find(await ListAsync(host), "TestPlugins.Memory")["loaded"]!);
        Write("""{"port": 0, "admin": {"port": 0}}""", ("items", "sqlite"), ("more", "memory"));
        await Wait.UntilAsync(async () => Services(await ListAsync(host), "TestPlugins.Memory") == "more running ", "the new service");
        Assert.True((bool)Find(await ListAsync(host), "TestPlugins.Memory")["loaded"]!);
    }

    [Fact]
    public async Task OtherPathsAndMethodsAreRefusedWithAHint()
    {
        using var host = Start("""{"port": 0, "admin": {"port": 0}}""", ("items", "sqlite"));
        var admin = await host.AdminUriAsync();
        foreach (var path in new[] { "", "index.html", "plugins/x", "libs/sharedstate.es.js", "clock" })
        {
            using var answer = await _client.GetAsync(new Uri(admin, path));
            Assert.Equal((HttpStatusCode.NotFound, "application/json"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
            Assert.Equal(
                $"There is no /{path}. GET /plugins lists the installed plugins and the state of the services that use them; " +
                "GET /healthz and /readyz tell whether the host is alive and ready; GET /metrics shows its metrics for Prometheus.",
                await ErrorAsync(answer));
        }
        using var posted = await _client.PostAsync(new Uri(admin, "plugins"), null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
        Assert.StartsWith("POST is not allowed for /plugins.", await ErrorAsync(posted), StringComparison.Ordinal);

        // No subscriptions here, and no list at the public port.
        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() =>
            Client.ConnectAsync(new UriBuilder(admin) { Scheme = "ws" }.Uri));
        using var outside = await _client.GetAsync(new Uri(await host.UriAsync(), "plugins"));
        Assert.Equal(HttpStatusCode.NotFound, outside.StatusCode);
        await host.WriteAndReadAsync("items");
        Assert.Equal(0, await host.TerminateAsync());
    }

    [Fact]
    public async Task WebPagesCannotReadTheAdminSide()
    {
        using var host = Start("""{"port": 0, "admin": {"port": 0}}""", ("items", "sqlite"));
        var admin = await host.AdminUriAsync();
        var port = admin.Port;
        Assert.Equal(HttpStatusCode.OK, await GetAsync("Host", $"localhost:{port}"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync("Host", "LOCALHOST"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync("Host", $"127.0.0.1:{port}"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync("Host", $"[::1]:{port}"));
        // A page whose own name was made to lead here.
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync("Host", $"evil.example:{port}"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync("Host", "localhost.evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync("Host", $"192.0.2.7:{port}"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync("Origin", "https://evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync("Origin", "null"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync("Origin", $"http://localhost:{port}"));

        using var answer = await _client.GetAsync(new Uri(admin, "plugins"));
        Assert.Equal(
            "nosniff same-origin no-store",
            $"{Header("X-Content-Type-Options")} {Header("Cross-Origin-Resource-Policy")} {answer.Headers.CacheControl}");
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));

        string Header(string name) => answer.Headers.GetValues(name).Single();

        async Task<HttpStatusCode> GetAsync(string header, string value)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(admin, "plugins"));
            request.Headers.TryAddWithoutValidation(header, value);
            using var answer = await _client.SendAsync(request);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task TheAdminSideIsOffByDefault()
    {
        using var host = Start("""{"port": 0}""", ("items", "sqlite"));
        await host.WriteAndReadAsync("items");
        Assert.Equal(0, await host.TerminateAsync());
        Assert.DoesNotContain("Admin side", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OnAllAddressesTheAdminSideWarnsAndAnswersToItsAddress()
    {
        using var host = Start("""{"port": 0, "admin": {"host": "0.0.0.0", "port": 0}}""", ("items", "sqlite"));
        var admin = await host.AdminUriAsync();
        await host.LineAsync("WRN Anyone who can reach http://localhost:");
        Assert.Contains("may read which plugins and services this host has", host.Output, StringComparison.Ordinal);
        var own = (await Dns.GetHostAddressesAsync(Dns.GetHostName(), AddressFamily.InterNetwork)).FirstOrDefault(IPAddress.Loopback);
        using var answer = await _client.GetAsync(new Uri($"http://{own}:{admin.Port}/plugins"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task AnAdminPortInUseIsAMistakeInTheFile()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        using (var host = Start($$$"""{"port": 0, "admin": {"port": {{{port}}}}}""", ("items", "sqlite")))
        {
            Assert.Equal(1, await host.ExitAsync());
            Assert.Contains(host.Lines, line => line.EndsWith($"service.admin.port: another program uses 127.0.0.1:{port}; end that "
                + "program, or use another port", StringComparison.Ordinal));
        }
        taken.Stop();
        using var twice = Start($$$"""{"port": {{{port}}}, "admin": {"port": {{{port}}}, "prot": 1}}""", ("items", "sqlite"));
        Assert.Equal(1, await twice.ExitAsync());
        Assert.Contains(twice.Lines, line => line.EndsWith("service.admin.port: must differ from service.port: clients that may reach that "
            + "port must not reach the admin side", StringComparison.Ordinal));
        Assert.Contains(
            twice.Lines, line => line.EndsWith("service.admin.prot: unknown field; did you mean \"port\"?", StringComparison.Ordinal));
    }

    private HostProcess Start(string service, params (string Name, string DbType)[] services)
    {
        Directory.CreateDirectory(_folder["plugs"]);
        Write(service, services);
        return HostProcess.Start(_folder.FullName, ["my.json"]);
    }

    private void Write(string service, params (string Name, string DbType)[] services)
    {
        var entries = services.Select(entry =>
            $$$"""{"name": "{{{entry.Name}}}", "module": "items_service", "config": {"db_type": "{{{entry.DbType}}}"{{{(entry.DbType == "sqlite" ? ", \"db_name\": \":memory:\"" : "")}}}}}"""
        );
        _folder.Write("my.json", $$"""{"service": {{service}}, "plugins": ["plugs"], "services": [{{string.Join(", ", entries)}}]}""");
    }

    private async Task<JsonNode> ListAsync(HostProcess host) =>
        JsonNode.Parse(await _client.GetStringAsync(new Uri(await host.AdminUriAsync(), "plugins")))!;

    private static async Task<string> ErrorAsync(HttpResponseMessage answer) =>
        (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["error"]!;

    private static JsonNode Find(JsonNode list, string name) =>
        list["plugins"]!.AsArray().Single(plugin => (string)plugin!["name"]! == name)!;

    private static string Services(JsonNode list, string name) =>
        string.Join(
            "; ", Find(list, name)["services"]!.AsArray().Select(service => $"{service!["name"]} {service["state"]} {service["reason"]}"));

    private static string Running(JsonNode list, string name)
    {
        var plugin = Find(list, name);
        return $"{plugin["status"]} {(bool)plugin["loaded"]!} {plugin["sha256"]} {plugin["running_sha256"]} {plugin["swaps"]}";
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Admin;

/// <summary>What load balancers and supervisors ask the real program.</summary>
public sealed class HealthTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task AHostWhoseServicesWorkIsAliveAndReadyOnBothPorts()
    {
        using var host = Start("""{"port": 0, "admin": {"port": 0}, "limits": {"connections": 1}}""", Sqlite("items"));
        await using var only = await host.ConnectAsync(); // checks do not count as connections
        foreach (var port in new[] { await host.UriAsync(), await host.AdminUriAsync() })
        {
            foreach (var path in new[] { "healthz", "readyz" })
            {
                using var answer = await _client.GetAsync(new Uri(port, path));
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.Equal("{\"ok\":true,\"reasons\":[]}\n", await answer.Content.ReadAsStringAsync());
                Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
                Assert.True(answer.Headers.ConnectionClose);
            }
            using var posted = await _client.PostAsync(new Uri(port, "readyz"), null);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
        }
    }

    [Fact]
    public async Task AHandshakeAtThePathsOfChecksIsAnsweredAsACheck()
    {
        using var host = Start("""{"port": 0}""", Sqlite("items"));
        var port = (await host.UriAsync()).Port;
        foreach (var path in new[] { "/healthz", "/readyz" })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, port);
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"));
            using var reader = new StreamReader(socket.GetStream());
            Assert.StartsWith("HTTP/1.1 200 OK", await reader.ReadToEndAsync().WaitAsync(HostProcess.Deadline), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AServiceThatDoesNotRunOrIsNotOpenMakesTheHostUnreadyAndTheAnswerTellsNoReasonOfAPlugin()
    {
        _folder.CopyPlugin("ThrowsAtOpen", "plugs/ThrowsAtOpen");
        _folder.CopyPlugin("HangsAtOpen", "plugs/HangsAtOpen");
        using var host = Start(
            """{"port": 0, "limits": {"storage_seconds": 0.5}}""",
            Sqlite("items"), """{"name": "broken", "module": "items_service", "config": {"db_type": "throws_at_open"}}""",
            """{"name": "slow", "module": "items_service", "config": {"db_type": "hangs_at_open"}}""");
        using var answer = await _client.GetAsync(new Uri(await host.UriAsync(), "readyz"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(
            """{"ok":false,"reasons":["service broken does not run","the storage of service slow is not open yet"]}""",
            (await answer.Content.ReadAsStringAsync()).TrimEnd());
        using var alive = await _client.GetAsync(new Uri(await host.UriAsync(), "healthz"));
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    [Fact]
    public async Task AServiceWhoseFileIsGoneIsAwayByItsLastCallUntilAnUpdateIsStored()
    {
        using var host = Start("""{"port": 0, "admin": {"port": 0}}""", Sqlite("items", "items.db"));
        await using var client = await host.ConnectAsync();
        Assert.True(await WriteAsync(client));
        Assert.Equal("running", (string)(await ServiceAsync(host))["state"]!);

        foreach (var file in new[] { "items.db", "items.db-wal", "items.db-shm" }) File.Move(_folder[file], _folder[$"away-{file}"]);
        Assert.False(await WriteAsync(client));
        var away = await ServiceAsync(host);
        Assert.Equal("away", (string)away["state"]!);
        Assert.Contains("items.db", (string)away["reason"]!, StringComparison.Ordinal);
        foreach (var port in new[] { await host.UriAsync(), await host.AdminUriAsync() })
        {
            using var answer = await _client.GetAsync(new Uri(port, "readyz"));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal(
                """{"ok":false,"reasons":["the storage of service items is away"]}""", (await answer.Content.ReadAsStringAsync()).TrimEnd());
        }

        foreach (var file in new[] { "items.db", "items.db-wal", "items.db-shm" }) File.Move(_folder[$"away-{file}"], _folder[file]);
        await Wait.UntilAsync(() => WriteAsync(client), "updates are stored again");
        Assert.Equal("running", (string)(await ServiceAsync(host))["state"]!);
        using var ready = await _client.GetAsync(new Uri(await host.UriAsync(), "readyz"));
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        await host.LineAsync("Service items: updates are stored again, after ");
    }

    private static async Task<bool> WriteAsync(Client client) =>
        (bool)(await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"}]}"""))["ok"]!;

    private async Task<JsonNode> ServiceAsync(HostProcess host)
    {
        var list = JsonNode.Parse(await _client.GetStringAsync(new Uri(await host.AdminUriAsync(), "plugins")))!;
        return list["plugins"]!.AsArray().SelectMany(plugin => plugin!["services"]!.AsArray()).Single()!;
    }

    private HostProcess Start(string service, params string[] services)
    {
        Directory.CreateDirectory(_folder["plugs"]);
        _folder.Write("my.json", $$"""{"service": {{service}}, "plugins": ["plugs"], "services": [{{string.Join(", ", services)}}]}""");
        return HostProcess.Start(_folder.FullName, ["my.json"]);
    }

    private static string Sqlite(string name, string file = ":memory:") =>
        $$$"""
        {"name": "{{{name}}}", "module": "items_service",
         "config": {"db_type": "sqlite", "db_name": "{{{file}}}", "db_table": "{{{name}}}"}}
        """;
}

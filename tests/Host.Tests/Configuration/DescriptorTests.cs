using System.Net.Sockets;
using System.Text;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Configuration;

/// <summary>The real program where the system lets it have few descriptors.</summary>
public sealed class DescriptorTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ABurstOfConnectionsLeavesTheHostAliveAndServing()
    {
        using var host = Start(320);
        await using var before = await host.ConnectAsync();
        await before.PutAsync("/subs", """{"insert":[["/app/items/a",{}]]}""");
        await before.NotificationAsync();
        var port = (await host.UriAsync()).Port;
        var handshake = Encoding.ASCII.GetBytes(RawSocket.Handshake());
        var sockets = new List<TcpClient>();
        try
        {
            for (var count = 0; count < 2_000; count++)
            {
                sockets.Add(new());
                await sockets[^1].ConnectAsync("127.0.0.1", port);
                if (count % 2 == 0) await TrySendAsync(sockets[^1], handshake); // the others never do theirs
            }
            for (var round = 0; round < 3; round++)
            {
                Assert.True((bool)(await before.PutAsync("/app/items/a", $$"""{"insert":[{"id":"{{round}}"}]}"""))["ok"]!);
                Assert.Equal($"{round}", (string?)(await before.NotificationAsync())["data"]!["insert"]![0]!["id"]);
            }
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
        await Wait.UntilAsync(async () => await IsServedAsync(host), "new clients are served again", 30);
        Assert.Equal(0, await host.TerminateAsync());
        Assert.DoesNotContain("Exception", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithTooFewDescriptorsTheHostSaysSoInOneSentenceAndEnds()
    {
        using var host = Start(230);
        Assert.Equal(1, await host.ExitAsync());
        var line = Assert.Single(host.Lines);
        Assert.Contains("The system lets this process have 230 descriptors", line, StringComparison.Ordinal);
        Assert.Contains("raise ulimit -n (or LimitNOFILE of the service) to at least 248", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1_000_000, 100_000, 1_000)]
    [InlineData(1_000, 436, 436)]
    [InlineData(3_000, 1_872, 1_000)]
    [InlineData(48, 12, 12)]
    [InlineData(32, 4, 4)]
    [InlineData(31, null, null)]
    [InlineData(-5, null, null)]
    public void ConnectionsAndHandshakesFitIntoTheFreeDescriptors(int free, int? connections, int? handshakes)
    {
        var fitted = Descriptors.Fit(new(), free);
        Assert.Equal((connections, handshakes), (fitted?.Connections, fitted?.Handshakes));
    }

    private HostProcess Start(int descriptors)
    {
        _folder.Write("my.json", """
            {"service": {"host": "127.0.0.1", "port": 0, "admin": {"port": 0}},
             "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "items.db", "db_table": "items"}}]}
            """);
        return HostProcess.Start(_folder.FullName, ["-c", $"ulimit -n {descriptors}; exec '{HostProcess.Program}' my.json"], "/bin/sh");
    }

    private static async Task TrySendAsync(TcpClient client, byte[] bytes)
    {
        try
        {
            await client.GetStream().WriteAsync(bytes);
        }
        catch (IOException)
        {
            // The host has cut it already.
        }
    }

    private static async Task<bool> IsServedAsync(HostProcess host)
    {
        try
        {
            await using var client = await host.ConnectAsync();
            return (bool)(await client.GetAsync("/app/items/a"))["ok"]!;
        }
        catch (Exception exception) when (exception is System.Net.WebSockets.WebSocketException or InvalidOperationException)
        {
            return false; // still too many
        }
    }
}

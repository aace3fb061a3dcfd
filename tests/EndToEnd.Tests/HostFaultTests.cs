using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using SharedState.Host.Tests.Engine;

namespace SharedState.EndToEnd.Tests;

/// <summary>What may happen to the process as a whole.</summary>
public sealed class HostFaultTests
{
    [Fact]
    public async Task WithoutDescriptorsAcceptingPausesAndHeals()
    {
        using var host = await LiveProcess.StartAsync(descriptors: 270);
        await using var before = await Client.ConnectAsync(host.Url);
        var sockets = new List<TcpClient>();
        try
        {
            // The kernel accepts more than the process has descriptors for; those wait.
            for (var count = 0; count < 370; count++)
            {
                sockets.Add(new());
                await sockets[^1].ConnectAsync("127.0.0.1", host.Url.Port);
            }
            Assert.True((bool)(await before.PutAsync("/app/mitems/a", """{"insert":[{"id":"1"}]}"""))["ok"]!);

            // A loop that asks for a descriptor again and again would use a processor up, and never come to rest.
            await Wait.UntilAsync(
                async () =>
                {
                    var used = host.Process.ProcessorTime;
                    await Task.Delay(TimeSpan.FromSeconds(1)); // the time over which it is measured
                    return host.Process.ProcessorTime - used < TimeSpan.FromMilliseconds(250);
                },
                "without descriptors and without requests it comes to rest");
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
        Client? connected = null;
        await Wait.UntilAsync(async () => (connected = await TryConnectAsync(host.Url)) is not null, "connections are accepted again");
        await using var after = connected!;
        Assert.Single((await after.GetAsync("/app/mitems/a"))["data"]!.AsArray());
        Assert.Equal(0, await host.Process.TerminateAsync());
    }

    /// <summary>SHAREDSTATE_SUSPENSION is its length in seconds; the default is longer than a silent client is borne with.</summary>
    [Fact]
    public async Task AfterASuspensionWhoIsStillThereIsServedAndWhoIsGoneIsDropped()
    {
        var suspension = TimeSpan.FromSeconds(
            int.TryParse(Environment.GetEnvironmentVariable("SHAREDSTATE_SUSPENSION"), out var seconds) ? seconds : 4);
        using var host = await LiveProcess.StartAsync("""{"ping_seconds": 0.5, "pong_seconds": 1.5}""");
        await using var reader = await Client.ConnectAsync(host.Url);
        await reader.PutAsync("/subs", """{"insert":[["/app/items/a",{}]]}""");
        await reader.NotificationAsync();
        var gone = await Client.ConnectAsync(host.Url);
        using var mute = new TcpClient(); // its computer was unplugged, say: nothing ends the connection, and nothing answers a ping
        await mute.ConnectAsync("127.0.0.1", host.Url.Port);
        await mute.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        var head = new byte[12];
        await mute.GetStream().ReadExactlyAsync(head);
        Assert.Equal("HTTP/1.1 101"u8.ToArray(), head);

        host.Process.Signal("STOP");
        var sent = reader.SendAsync("""{"type":"REQUEST","cmd":"PUT","path":"/app/items/a","arg":{"insert":[{"id":"1"}]},"tunnel":1}""");
        await gone.DisposeAsync();
        await Task.Delay(suspension); // the suspension is what is tested
        host.Process.Signal("CONT");

        await sent;
        Assert.Equal("1", (string)(await reader.NotificationAsync())["data"]!["insert"]![0]!["id"]!);
        Assert.True((bool)(await reader.ReceiveAsync())["ok"]!);
        var answer = reader.ReceiveAsync(); // begun before, since a client answers pings only while it reads
        await ReadToEndAsync(mute);
        await reader.SendAsync("""{"type":"REQUEST","cmd":"PUT","path":"/app/mitems/a","arg":{"insert":[{"id":"1"}]},"tunnel":2}""");
        Assert.True((bool)(await answer)["ok"]!);
        Assert.Equal(0, await host.Process.TerminateAsync());
    }

    /// <summary>Null where the connection is refused or reset: the host notices its free descriptors a moment after they are
    /// free.</summary>
    private static async Task<Client?> TryConnectAsync(Uri url)
    {
        try
        {
            return await Client.ConnectAsync(url);
        }
        catch (WebSocketException)
        {
            return null;
        }
    }

    /// <summary>Reads until the other side has ended the connection, in whichever way.</summary>
    private static async Task ReadToEndAsync(TcpClient client)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            while (await client.GetStream().ReadAsync(new byte[1024], patience.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset.
        }
    }
}

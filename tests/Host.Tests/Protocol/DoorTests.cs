using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Protocol;

/// <summary>The handshake, and who is let in.</summary>
public sealed class DoorTests(SharedHost shared) : IClassFixture<SharedHost>
{
    [Theory]
    [InlineData("Connection:", 400, "A WebSocket handshake is a GET over HTTP/1.1 with Connection: Upgrade.")]
    [InlineData("Connection: close", 400, "A WebSocket handshake is a GET over HTTP/1.1 with Connection: Upgrade.")]
    [InlineData("Sec-WebSocket-Version:", 426, "This server speaks version 13 of the WebSocket protocol.")]
    [InlineData("Sec-WebSocket-Version: 8", 426, "This server speaks version 13 of the WebSocket protocol.")]
    [InlineData("Sec-WebSocket-Key:", 400, "Sec-WebSocket-Key must be 16 bytes in base64.")]
    [InlineData("Sec-WebSocket-Key: short", 400, "Sec-WebSocket-Key must be 16 bytes in base64.")]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTE=", 400, "Sec-WebSocket-Key must be 16 bytes in base64.")] // 17
    [InlineData("Sec-WebSocket-Key: !!!!IHNhbXBsZSBub25jZQ==", 400, "Sec-WebSocket-Key must be 16 bytes in base64.")]
    public async Task AWrongHandshakeIsRefusedAndSaysWhatIsWrong(string header, int status, string sentence)
    {
        var (socket, answer) = await HandshakeAsync(shared.Live, Handshake("/", header));
        await using var _ = socket;
        Assert.StartsWith($"HTTP/1.1 {status} ", answer);
        Assert.Contains(sentence, answer);
        Assert.Equal(status == 426, answer.Contains("Sec-WebSocket-Version: 13\r\n", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Upgrade: WebSocket")]
    [InlineData("Connection: keep-alive, upgrade")] // as Firefox sends it
    [InlineData("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")]
    [InlineData("Sec-WebSocket-Protocol: chat")]
    [InlineData("Origin: http://anywhere.example")]
    public async Task AHandshakeAsClientsSendItIsTaken(string header)
    {
        var (socket, answer) = await HandshakeAsync(shared.Live, Handshake("/", header));
        await using var _ = socket;
        Assert.StartsWith("HTTP/1.1 101 ", answer);
        Assert.DoesNotContain("Sec-WebSocket-Extensions", answer); // none is agreed to
        Assert.True((bool)(await socket.AskAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs"}"""))["ok"]!);
    }

    [Fact]
    public async Task AHandshakeOverHttp10IsRefused()
    {
        var (socket, answer) = await HandshakeAsync(shared.Live, Handshake().Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal));
        await using var _ = socket;
        Assert.StartsWith("HTTP/1.1 400 ", answer);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("HEAD")]
    public async Task OnlyAGetIsAHandshake(string method)
    {
        var (socket, answer) = await HandshakeAsync(shared.Live, method + Handshake()[3..]);
        await using var _ = socket;
        Assert.StartsWith("HTTP/1.1 400 ", answer);
    }

    [Theory]
    [InlineData("chat", "chat")]
    [InlineData("chat, superchat", "chat")]
    [InlineData("chat, sharedstate", "sharedstate")]
    [InlineData("a,b\r\nSec-WebSocket-Protocol: sharedstate", "sharedstate")] // in two lines
    [InlineData(" ,, bad/name, good", "good")]
    [InlineData("bad/name", null)]
    public async Task AClientThatOffersSubprotocolsGetsOne(string offers, string? chosen)
    {
        var (socket, answer) = await HandshakeAsync(shared.Live, Handshake("/", $"Sec-WebSocket-Protocol: {offers}"));
        await using var _ = socket;
        Assert.StartsWith("HTTP/1.1 101 ", answer);
        var lines = answer.Split("\r\n").Where(line => line.StartsWith("Sec-WebSocket-Protocol:", StringComparison.Ordinal));
        Assert.Equal(chosen is null ? [] : [$"Sec-WebSocket-Protocol: {chosen}"], lines);
    }

    [Fact]
    public async Task AClientOfTheFrameworkThatRequiresASubprotocolConnects()
    {
        await using var client = await Client.ConnectAsync(shared.Live.Url, options => options.AddSubProtocol("anything"));
        Assert.Equal("anything", client.Socket.SubProtocol);
        Assert.Empty((await client.GetAsync("/subs"))["data"]!.AsArray());
    }

    [Fact]
    public async Task ARequestThatIsNoUpgradeIsLeftToThePages()
    {
        var (socket, answer) = await HandshakeAsync(shared.Live, "GET /app/items/a HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await using var _ = socket;
        Assert.StartsWith("HTTP/1.1 200 ", answer);
    }

    [Theory]
    [InlineData("Origin:", true)] // a program
    [InlineData("Origin: https://good.example", true)]
    [InlineData("Origin: http://localhost", true)] // the same host
    [InlineData("Origin: https://LOCALHOST", true)]
    [InlineData("Origin: https://evil.example", false)]
    [InlineData("Origin: https://good.example.evil.example", false)]
    [InlineData("Origin: https://good.example:8443", false)]
    [InlineData("Origin: http://good.example", false)] // another scheme is another origin
    [InlineData("Origin: http://localhost:81", false)]
    [InlineData("Origin: http://evil.example@localhost", false)]
    [InlineData("Origin: null", false)]
    [InlineData("Origin: https://good.example, https://evil.example", false)]
    [InlineData("Origin: *", false)]
    public async Task WithAListOnlyItsOriginsAndTheSameHostAreLetIn(string header, bool welcome)
    {
        await using var host = await LiveHost.StartAsync(doors: new(["https://good.example"], null));
        var (socket, answer) = await HandshakeAsync(host, Handshake("/", header));
        await using var _ = socket;
        Assert.StartsWith(welcome ? "HTTP/1.1 101 " : "HTTP/1.1 403 ", answer);
        if (!welcome) Assert.Contains("may not connect: list it in service.origins in the server's configuration", answer);
    }

    [Fact]
    public async Task ARefusedOriginIsLoggedWithItsAddress()
    {
        var logger = new KeepingLogger();
        await using var host = await LiveHost.StartAsync(doors: new(["https://good.example"], null), logger: logger);
        var (socket, _) = await HandshakeAsync(host, Handshake("/", $"Origin: https://evil.example{new string('x', 1_000)}"));
        await socket.DisposeAsync();
        var line = Assert.Single(logger.Lines, line => line.Contains("Origin", StringComparison.Ordinal));
        Assert.StartsWith("A request from 127.0.0.1 was refused: its Origin https://evil.examplexx", line, StringComparison.Ordinal);
        Assert.InRange(line.Length, 300, 450);
    }

    [Fact]
    public async Task AStoppingHostTakesNobodyAndAnswersWhatItRead()
    {
        var commit = new TaskCompletionSource();
        var committing = new TaskCompletionSource();
        var storage = new MemoryStorage
        {
            BeforeCommit = (_, _) =>
            {
                committing.TrySetResult();
                return commit.Task;
            },
        };
        await using var host = await LiveHost.StartAsync(storage);
        await using var socket = await ConnectAsync(host);
        await socket.SendAsync("""{"type":"REQUEST","cmd":"PUT","path":"/a/items/b","arg":{"insert":[{"id":"1"}]}}""");
        await committing.Task;
        var stopping = host.StopAsync();
        var (late, answer) = await HandshakeAsync(host, Handshake());
        await using var _ = late;
        Assert.StartsWith("HTTP/1.1 503 ", answer);
        Assert.Contains("The server is stopping; connect again.", answer);
        commit.SetResult();
        Assert.True((bool)(await socket.ReceiveAsync())["ok"]!);
        Assert.Equal((1001, "the server is stopping; connect again"), await socket.ReceiveCloseAsync());
        await stopping;
    }

    [Fact]
    public async Task OneConnectionTooManyIsClosedWith4000AndThereIsRoomAgainLater()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { Connections = 2 });
        await using var first = await ConnectAsync(host);
        await ProveServedAsync(first);
        await using (var second = await ConnectAsync(host))
        {
            await ProveServedAsync(second);
            await using var third = await ConnectAsync(host);
            Assert.Equal((4000, "the server has as many connections as it takes; come back later"), await third.ReceiveCloseAsync());
            await ProveServedAsync(second);
        }
        await WaitForConnectionsAsync(host, 1);
        await using var fourth = await ConnectAsync(host);
        await ProveServedAsync(fourth);
    }

    [Fact]
    public async Task OneConnectionTooManyFromAnAddressIsClosedWith4000()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { ConnectionsPerAddress = 1 });
        for (var round = 0; round < 3; round++)
        {
            await using (var first = await ConnectAsync(host))
            {
                await ProveServedAsync(first);
                await using var second = await ConnectAsync(host);
                Assert.Equal(4000, (await second.ReceiveCloseAsync()).Code);
            }
            await WaitForConnectionsAsync(host, 0);
        }
    }

    private static async Task ProveServedAsync(RawSocket socket) =>
        Assert.True((bool)(await socket.AskAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs"}"""))["ok"]!);

    private static async Task WaitForConnectionsAsync(LiveHost host, int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (host.Connections != count) await Task.Delay(5, patience.Token);
    }
}

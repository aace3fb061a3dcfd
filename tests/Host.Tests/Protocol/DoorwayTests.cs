using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using SharedState.Host.Connections;
using SharedState.Host.Http;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Connections that are not WebSockets yet, or no more: the newest makes its way past those that keep the server
/// waiting.</summary>
public sealed class DoorwayTests
{
    private const string Request = """{"type":"REQUEST","cmd":"GET","path":"/subs"}""";

    [Fact]
    public async Task TheOldestUnfinishedHandshakeMakesRoomForTheNewest()
    {
        var log = new CountingLogger();
        await using var host = await LiveHost.StartAsync(limits: new() { Handshakes = 4, HandshakeShare = 1 }, logger: log);
        var halfOpen = new List<TcpClient>();
        for (var count = 0; count < 4; count++) halfOpen.Add(await OpenAsync(host, "127.0.0.1"));
        await Wait.UntilAsync(() => host.Doorway.Count == 4, "all places are taken");
        for (var count = 0; count < 2; count++)
        {
            await using var socket = await ConnectAsync(host);
            Assert.True((bool)(await socket.AskAsync(Request))["ok"]!);
        }
        await ReadEndAsync(halfOpen[0]);
        Assert.Equal(1, log.Count(1016)); // the second one took the place that the first one left
        halfOpen.ForEach(client => client.Dispose());
        await Wait.UntilAsync(() => host.Doorway.Count == 0, "all have left");
    }

    [Fact]
    public async Task AnAddressThatHoldsItsShareTakesThePlacesOfItsOwn()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { Handshakes = 6, HandshakeShare = 0.5 });
        using var other = await OpenAsync(host, "127.0.0.3"); // older than all
        await Wait.UntilAsync(() => host.Doorway.Count == 1, "it holds a place");
        var greedy = new List<TcpClient>();
        for (var count = 0; count < 5; count++) greedy.Add(await OpenAsync(host, "127.0.0.2"));
        await ReadEndAsync(greedy[0]);
        await ReadEndAsync(greedy[1]);
        Assert.Equal(4, host.Doorway.Count);
        await other.GetStream().WriteAsync("Host: localhost\r\n\r\n"u8.ToArray());
        var answer = new byte[12];
        await other.GetStream().ReadExactlyAsync(answer);
        Assert.Equal("HTTP/1.1 200"u8.ToArray(), answer);
        greedy.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task ARefusedClientHoldsItsPlaceUntilItHasLeftAndAnAdmittedOneHoldsNone()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { Connections = 1, Handshakes = 2, HandshakeShare = 1 });
        await using var admitted = await ConnectAsync(host);
        Assert.True((bool)(await admitted.AskAsync(Request))["ok"]!);
        Assert.Equal(0, host.Doorway.Count);
        var refused = new List<RawSocket>();
        for (var count = 0; count < 5; count++)
        {
            var socket = await ConnectAsync(host);
            refused.Add(socket);
            var (opcode, payload) = (await socket.TryReceiveAsync())!.Value; // and is not answered
            Assert.Equal((Close, 4000), (opcode, (payload[0] << 8) | payload[1]));
            Assert.InRange(host.Doorway.Count, 0, 2);
        }
        foreach (var socket in refused) await socket.DisposeAsync();
        await Wait.UntilAsync(() => host.Doorway.Count == 0, "all have left");
        Assert.True((bool)(await admitted.AskAsync(Request))["ok"]!);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData("2001:db8:1:2:ffff::1", "2001:db8:1:2::")]
    [InlineData("2001:db8:1:3::1", "2001:db8:1:3::")]
    [InlineData("::1", "::")]
    public void TheAddressesOfOneNetworkOfIpv6AreOneClient(string address, string group) =>
        Assert.Equal(IPAddress.Parse(group), AddressGroup.Of(IPAddress.Parse(address)));

    [Fact]
    public void ConnectionsPerAddressCountsANetworkOfIpv6()
    {
        var state = new HostState(new([]), new() { ConnectionsPerAddress = 2 }, TimeProvider.System, NullLogger.Instance);
        using var registry = new ConnectionRegistry(state);
        Assert.Equal(
            [true, true, false, true, false],
            new[] { "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1", "2001:db8::1:0:0:1" }.Select(TryAdd));

        bool TryAdd(string address) =>
            registry.TryAdd(new(state, Stream.Null, early: [], compression: false, () => { }), IPAddress.Parse(address));
    }

    /// <summary>Begins a request from an address of this computer, and does not end it.</summary>
    private static async Task<TcpClient> OpenAsync(LiveHost host, string from)
    {
        var client = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
        await client.ConnectAsync("127.0.0.1", host.Port);
        await client.GetStream().WriteAsync("GET / HTTP/1.1\r\n"u8.ToArray());
        return client;
    }

    private static async Task ReadEndAsync(TcpClient client)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1], patience.Token));
        }
        catch (IOException)
        {
            // A reset is an end, too.
        }
    }
}

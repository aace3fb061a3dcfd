using System.IO.Compression;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Protocol;

/// <summary>The budget of unfinished messages, when some connections use it up.</summary>
public sealed class UnfinishedTests : IAsyncLifetime
{
    private const string Request = """{"type":"REQUEST","cmd":"GET","path":"/subs"}""";
    private const int Part = 48 << 10; // the charge for a buffer of 64 KiB, beyond the free part

    private static readonly byte[] s_padded = System.Text.Encoding.UTF8.GetBytes(Request.PadRight(40_000));

    private readonly FakeTimeProvider _time = new(); // stands still: no deadline of the host ends a wait
    private LiveHost _host = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        var stopping = _host.DisposeAsync().AsTask();
        while (await Task.WhenAny(stopping, Task.Delay(5)) != stopping) _time.Advance(TimeSpan.FromSeconds(1));
        await stopping;
    }

    [Fact]
    public async Task SmallMessagesAreServedWhileTheBudgetIsUsedUp()
    {
        var host = await StartAsync(2 * Part);
        await using var plain = await ConnectAsync(host);
        var (compressing, _) = await HandshakeAsync(host, Handshake("/", "Sec-WebSocket-Extensions: permessage-deflate"));
        await using var __ = compressing;
        await using var hoarders = await Hoarders.StartAsync(host);

        for (var round = 0; round < 3; round++)
        {
            await plain.SendBytesAsync((byte[])[.. Frame(Pong, []), .. Frame(Ping, new byte[125])]);
            Assert.Equal(Pong, (await plain.TryReceiveAsync())!.Value.Opcode);
            Assert.True((bool)(await plain.AskAsync(Request))["ok"]!);
            var padded = System.Text.Encoding.UTF8.GetBytes(Request.PadRight(3_000));
            await plain.SendBytesAsync(
                (byte[])[.. Frame(Text, padded.AsSpan(0, 1_500), final: false), .. Frame(Continuation, padded.AsSpan(1_500))]);
            Assert.True((bool)(await plain.ReceiveAsync())["ok"]!);
            byte[] deflated = Deflated(padded);
            await compressing.SendBytesAsync(
                (byte[])[.. Frame(Text, deflated.AsSpan(0, 9), final: false, reserved: 4), .. Frame(Continuation, deflated.AsSpan(9))]);
            Assert.True((bool)(await compressing.ReceiveAsync())["ok"]!);
        }
    }

    [Theory]
    [InlineData("frame")]
    [InlineData("fragments")]
    public async Task TheConnectionThatHoldsTheMostIsClosedForOneThatNeedsLess(string kind)
    {
        var log = new CountingLogger();
        var host = await StartAsync(3 * Part, log);
        await using var hoarder = await ConnectAsync(host);
        await using var other = await ConnectAsync(host);
        await hoarder.SendBytesAsync(kind == "frame"
            ? Frame(Text, new byte[200_000]).AsMemory(0, 100_000)
            : (byte[])[.. Frame(Text, new byte[50_000], final: false), .. Frame(Continuation, new byte[100_000]).AsSpan(0, 50_000)]);
        await Wait.UntilAsync(() => host.UnfinishedBytes >= 90_000, "the hoarder holds most of the budget");

        await other.SendBytesAsync(Frame(Text, s_padded));
        Assert.True((bool)(await other.ReceiveAsync())["ok"]!);
        Assert.Equal((1009, "the server holds too many unfinished messages; send smaller ones"), await ReadCloseAsync(hoarder));
        await Wait.UntilAsync(() => host.UnfinishedBytes == 0, "its bytes are back, though it has not answered the close");
        Assert.Equal(1, log.Count(2006));
    }

    [Fact]
    public async Task AConnectionThatNeedsMoreThanAnyOtherHoldsIsTheOneThatIsClosed()
    {
        var host = await StartAsync(2 * Part);
        await using var small = await ConnectAsync(host);
        await small.SendBytesAsync(Frame(Text, s_padded).AsMemory(0, 39_000));
        await Wait.UntilAsync(() => host.UnfinishedBytes > 0, "a message has begun");
        await using var large = await ConnectAsync(host);
        await large.SendBytesAsync(Frame(Text, new byte[200_000]).AsMemory(0, 150_000));
        Assert.Equal(1009, (await ReadCloseAsync(large)).Code);
        await small.SendBytesAsync(Frame(Text, s_padded).AsMemory(39_000));
        Assert.True((bool)(await small.ReceiveAsync())["ok"]!);
    }

    [Fact]
    public async Task WhatInflatesIsCharged()
    {
        var host = await StartAsync(2 * Part);
        var (socket, _) = await HandshakeAsync(host, Handshake("/", "Sec-WebSocket-Extensions: permessage-deflate"));
        await using var __ = socket;
        var noise = new byte[300_000];
        for (var index = 0; index < noise.Length; index++) noise[index] = (byte)('a' + ((index >> (index % 7)) % 17));
        var deflated = Deflated(noise);
        Assert.True(deflated.Length is > 3_000 and < Part, $"{deflated.Length} bytes");
        await socket.SendBytesAsync(Frame(Text, deflated, reserved: 4));
        Assert.Equal((1009, "the server holds too many unfinished messages; send smaller ones"), await ReadCloseAsync(socket));
        await Wait.UntilAsync(() => host.UnfinishedBytes == 0, "its bytes are back");
    }

    /// <summary>The clock stands still, so that only the client's goodbye ends the wait for it.</summary>
    [Theory]
    [InlineData(1002)]
    [InlineData(1009)]
    public async Task AClosedConnectionHoldsNothingAndItsGoodbyeIsFoundBehindWhateverItStillSends(int code)
    {
        var host = await StartAsync(2 * Part);
        await using var hoarders = code == 1002 ? await Hoarders.StartAsync(host) : new([]);
        var before = host.UnfinishedBytes;
        await using var socket = await ConnectAsync(host);
        var large = Frame(Text, new byte[2_000_000]);
        var (sent, rest) = code == 1002
            ? ((byte[])[.. Frame(Text, new byte[3_000], final: false), .. Frame(7, [])], (byte[])[])
            : (large[..200_000], large[200_000..]);
        await socket.SendBytesAsync(sent);
        Assert.Equal(code, (await ReadCloseAsync(socket)).Code);
        await Wait.UntilAsync(() => host.UnfinishedBytes == before, "its bytes are back");
        await socket.SendBytesAsync(rest);
        await socket.SendBytesAsync((byte[])[.. large, .. Frame(Ping, new byte[100]), .. Frame(Close, [3, 232])]);
        Assert.Null(await socket.TryReceiveAsync());
        await Wait.UntilAsync(() => host.Connections == hoarders.Count, "it is gone");
    }

    private async Task<LiveHost> StartAsync(long budget, CountingLogger? log = null) =>
        _host = await LiveHost.StartAsync(limits: new() { UnfinishedBytes = budget }, time: _time, compression: true, logger: log);

    /// <summary>The close frame, which stays unanswered.</summary>
    private static async Task<(int Code, string Reason)> ReadCloseAsync(RawSocket socket)
    {
        var (opcode, payload) = (await socket.TryReceiveAsync())!.Value;
        Assert.Equal(Close, opcode);
        return ((payload[0] << 8) | payload[1], System.Text.Encoding.UTF8.GetString(payload.AsSpan(2)));
    }

    private static byte[] Deflated(byte[] bytes)
    {
        using var output = new MemoryStream();
        using var deflate = new DeflateStream(output, CompressionLevel.Optimal);
        deflate.Write(bytes);
        deflate.Flush();
        return output.ToArray()[..^4];
    }

    /// <summary>Two connections that together hold all of a budget of two parts.</summary>
    private sealed class Hoarders(List<RawSocket> sockets) : IAsyncDisposable
    {
        public int Count => sockets.Count;

        public static async Task<Hoarders> StartAsync(LiveHost host)
        {
            var sockets = new List<RawSocket>();
            for (var count = 1; count <= 2; count++)
            {
                var socket = await ConnectAsync(host);
                sockets.Add(socket);
                await socket.SendBytesAsync(Frame(Text, new byte[100_000]).AsMemory(0, 40_000));
                await Wait.UntilAsync(() => host.UnfinishedBytes == count * Part, "a hoarder holds its part");
            }
            return new(sockets);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var socket in sockets) await socket.DisposeAsync();
        }
    }
}

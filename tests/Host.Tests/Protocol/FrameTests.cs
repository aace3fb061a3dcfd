using System.Text;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Protocol;

/// <summary>RFC 6455, frame by frame.</summary>
public sealed class FrameTests(SharedHost shared) : IClassFixture<SharedHost>
{
    private static readonly byte[] Request = """{"type":"REQUEST","cmd":"GET","path":"/subs","tunnel":"ä"}"""u8.ToArray();

    public static TheoryData<string, byte[]> BrokenFrames => new()
    {
        { "unmasked", Frame(Text, Request, masked: false) },
        { "an unmasked ping", Frame(Ping, [], masked: false) },
        { "reserved bit 1, which no extension was agreed for", Frame(Text, Request, reserved: 4) },
        { "reserved bit 2", Frame(Text, Request, reserved: 2) },
        { "reserved bit 3 of a ping", Frame(Ping, [], reserved: 1) },
        { "opcode 3", Frame(3, Request) },
        { "opcode 7", Frame(7, []) },
        { "opcode 11", Frame(11, []) },
        { "opcode 15", Frame(15, []) },
        { "a continuation of nothing", Frame(Continuation, Request) },
        { "a text inside a text", [.. Frame(Text, Request, final: false), .. Frame(Text, Request)] },
        { "a binary inside a text", [.. Frame(Text, [], final: false), .. Frame(Binary, [], final: false)] },
        { "a fragmented ping", Frame(Ping, [], final: false) },
        { "a fragmented close", Frame(Close, [], final: false) },
        { "a ping of 126 bytes", Frame(Ping, new byte[126]) },
        { "a pong of 65,536 bytes", Frame(Pong, [], promised: 65_536) },
        { "a close of 126 bytes", Frame(Close, new byte[126]) },
        { "a text of 2^63 bytes", Frame(Text, [], promised: 1UL << 63) },
        { "a ping of 2^63 bytes", Frame(Ping, [], promised: 1UL << 63) },
        { "a close of 2^64-1 bytes", Frame(Close, [], promised: ulong.MaxValue) },
        { "half a close code", Frame(Close, [3]) },
        { "close code 0", Frame(Close, [0, 0]) },
        { "close code 999", Frame(Close, [3, 231]) },
        { "close code 1005", Frame(Close, [3, 237]) },
        { "close code 1006", Frame(Close, [3, 238]) },
        { "close code 1015", Frame(Close, [3, 247]) },
        { "close code 2999", Frame(Close, [11, 183]) },
        { "close code 5000", Frame(Close, [19, 136]) },
    };

    [Theory]
    [MemberData(nameof(BrokenFrames))]
    public async Task ABrokenFrameEndsTheConnectionWith1002(string what, byte[] frame)
    {
        await using var socket = await ConnectAsync(shared.Live);
        await socket.SendBytesAsync(Frame(Text, Request));
        await socket.ReceiveTextAsync();
        await socket.SendBytesAsync(frame);
        var (code, reason) = await socket.ReceiveCloseAsync();
        Assert.True(code == 1002, $"{what}: {code} {reason}");
        Assert.NotEmpty(reason);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 3, 232 })]                            // 1000
    [InlineData(new byte[] { 3, 233, (byte)'b', (byte)'y', (byte)'e' })] // 1001
    [InlineData(new byte[] { 11, 184 })]                           // 3000
    [InlineData(new byte[] { 19, 135 })]                           // 4999
    public async Task ACloseIsAnsweredWithItsCode(byte[] payload)
    {
        await using var socket = await ConnectAsync(shared.Live);
        await socket.SendBytesAsync(Frame(Close, payload));
        var (opcode, echoed) = (await socket.TryReceiveAsync())!.Value;
        Assert.Equal(Close, opcode);
        Assert.Equal(payload[..Math.Min(2, payload.Length)], echoed);
        socket.EndSending();
        Assert.Null(await socket.TryReceiveAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    public async Task APingIsAnsweredWithItsPayload(int length)
    {
        var payload = new byte[length];
        Random.Shared.NextBytes(payload);
        await using var socket = await ConnectAsync(shared.Live);
        await socket.SendBytesAsync(Frame(Ping, payload));
        var (opcode, echoed) = (await socket.TryReceiveAsync())!.Value;
        Assert.Equal(Pong, opcode);
        Assert.Equal(payload, echoed);
    }

    [Fact]
    public async Task AMessageMayComeInAnyFragmentsWithControlFramesBetween()
    {
        await using var socket = await ConnectAsync(shared.Live);
        for (var parts = 1; parts <= Request.Length + 2; parts++)
        {
            var size = Math.Max(1, Request.Length / parts);
            for (var part = 0; part < parts; part++)
            {
                var from = Math.Min(part * size, Request.Length);
                var to = part == parts - 1 ? Request.Length : Math.Min(from + size, Request.Length);
                await socket.SendBytesAsync(Frame(part == 0 ? Text : Continuation, Request.AsSpan(from..to), final: part == parts - 1));
                if (part == parts - 1) continue;
                await socket.SendBytesAsync((byte[])[.. Frame(Pong, "unasked"u8), .. Frame(Ping, [(byte)part])]);
                Assert.Equal((byte)part, (await socket.TryReceiveAsync())!.Value.Payload.Single());
            }
            Assert.Equal("ä", (string?)(await socket.ReceiveAsync())["tunnel"]);
        }
    }

    [Fact]
    public async Task FramesMayArriveByteByByteOrManyAtOnce()
    {
        await using var socket = await ConnectAsync(shared.Live);
        foreach (var one in Frame(Text, Request)) await socket.SendBytesAsync(new[] { one });
        Assert.Equal("ä", (string?)(await socket.ReceiveAsync())["tunnel"]);
        const int Count = 1_000;
        await socket.SendBytesAsync((byte[])[.. Enumerable.Repeat(Frame(Text, Request), Count).SelectMany(frame => frame)]);
        for (var count = 0; count < Count; count++) Assert.Equal("ä", (string?)(await socket.ReceiveAsync())["tunnel"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(1_000_000)]
    public async Task EachFormOfALengthIsReadAndWritten(int padding)
    {
        var request = $$"""{"type":"REQUEST","cmd":"GET","path":"/subs","tunnel":"{{new string('x', padding)}}"}""";
        await using var host = await LiveHost.StartAsync(limits: new() { TunnelBytes = 1 << 20 });
        await using var socket = await ConnectAsync(host);
        await socket.SendAsync(request);
        Assert.Equal(padding, ((string)(await socket.ReceiveAsync())["tunnel"]!).Length);
        await socket.SendAsync(new string('x', padding));
        Assert.False((bool)(await socket.ReceiveAsync())["ok"]!);
    }

    [Fact]
    public async Task RequestsSentBeforeTheCloseAreAnsweredBeforeIt()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var socket = await ConnectAsync(shared.Live);
        var put = Encoding.UTF8.GetBytes($$$"""{"type":"REQUEST","cmd":"PUT","path":"{{{path}}}","arg":{"insert":[{"id":"1"}]}}""");
        await socket.SendBytesAsync((byte[])[.. Frame(Text, Request), .. Frame(Text, put), .. Frame(Close, [3, 232])]);
        Assert.True((bool)(await socket.ReceiveAsync())["ok"]!);
        Assert.True((bool)(await socket.ReceiveAsync())["ok"]!);
        Assert.Equal(1000, (await socket.ReceiveCloseAsync()).Code);
    }
}

using System.IO.Compression;
using System.Text;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Protocol;

/// <summary>permessage-deflate, which is off by default.</summary>
public sealed class CompressionTests
{
    private const string Offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";

    [Fact]
    public async Task AClientThatCompressesIsServedAsAnyOther()
    {
        await using var host = await LiveHost.StartAsync(compression: true);
        await using var client = await Client.ConnectAsync(
            host.Url, options => options.DangerousDeflateOptions = new() { ClientContextTakeover = false, ServerContextTakeover = false });
        await using var plain = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/subs", """{"insert":[["/app/items/a",{}]]}""");
        await plain.PutAsync("/subs", """{"insert":[["/app/items/a",{}]]}""");
        await client.NotificationAsync();
        await plain.NotificationAsync();
        foreach (var length in new[] { 1, 300, 70_000, 900_000 })
        {
            var text = string.Create(
                length,
                0,
                (letters, _) =>
                {
                    for (var at = 0; at < letters.Length; at++)
                        letters[at] = (char)('a' + ((at >> (at % 7)) % 23)); // not one letter, which inflates more than a message may
                }
            );
            var item = $$"""{"id":"{{length}}","text":"{{text}}"}""";
            Assert.True((bool)(await client.PutAsync("/app/items/a", $$"""{"insert":[{{item}}]}"""))["ok"]!);
            foreach (var follower in new[] { client, plain })
                Assert.Equal(item, (await follower.NotificationAsync())["data"]!["insert"]![0]!.ToJsonString());
        }
        Assert.Equal(4, (await client.GetAsync("/app/items/a"))["data"]!.AsArray().Count);
    }

    [Fact]
    public async Task LongTextsAreCompressedOnTheWireAndShortOnesAreNot()
    {
        await using var host = await LiveHost.StartAsync(compression: true);
        var (socket, answer) = await HandshakeAsync(host, Handshake("/", Offer));
        await using var _ = socket;
        Assert.Contains("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n", answer);
        await using var writer = await Client.ConnectAsync(host.Url);
        await writer.PutAsync("/app/items/a", $$"""{"insert":[{"id":"1","text":"{{new string('x', 10_000)}}"}]}""");

        await socket.SendBytesAsync(
            Frame(Text, Deflated("""{"type":"REQUEST","cmd":"GET","path":"/app/items/a","tunnel":1}"""), reserved: 4));
        var (opcode, payload) = (await socket.TryReceiveAsync())!.Value;
        Assert.Equal(Text | 0x40, opcode);
        Assert.True(payload.Length < 500, $"{payload.Length} bytes");
        await socket.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs","tunnel":2}""");
        (opcode, payload) = (await socket.TryReceiveAsync())!.Value;
        Assert.Equal(Text, opcode);
        Assert.EndsWith("\"data\":[]}", Encoding.UTF8.GetString(payload), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnItemThatCompressionMakesNoSmallerArrives()
    {
        await using var host = await LiveHost.StartAsync(compression: true);
        await using var client = await Client.ConnectAsync(
            host.Url, options => options.DangerousDeflateOptions = new() { ClientContextTakeover = false, ServerContextTakeover = false });
        await client.PutAsync("/subs", """{"insert":[["/app/items/a",{}]]}""");
        await client.NotificationAsync();
        var random = new Random(1);
        foreach (var length in new[] { 300, 3_000, 30_000, 100_000 })
        {
            var noise = string.Create(length, 0, (letters, _) =>
            {
                foreach (ref var letter in letters) letter = (char)random.Next(0x9000, 0xD000);
            });
            Assert.True((bool)(await client.PutAsync("/app/items/a", $$"""{"insert":[{"id":"{{length}}","noise":"{{noise}}"}]}"""))["ok"]!);
            Assert.Equal(noise, (string?)(await client.NotificationAsync())["data"]!["insert"]![0]!["noise"]);
        }
        Assert.Equal(4, (await client.GetAsync("/app/items/a"))["data"]!.AsArray().Count);
    }

    [Fact]
    public async Task AMessageThatInflatesOverTheLimitEndsTheConnection()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { MessageBytes = 100_000 }, compression: true);
        var (socket, _) = await HandshakeAsync(host, Handshake("/", Offer));
        await using var __ = socket;
        await socket.SendBytesAsync(Frame(Text, Deflated(new string(' ', 100_001)), reserved: 4));
        Assert.Equal(1009, (await socket.ReceiveCloseAsync()).Code);
        socket.EndSending();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (host.Connections > 0 || host.UnfinishedBytes > 0) await Task.Delay(5, patience.Token);
    }

    [Fact]
    public async Task WhatCannotBeInflatedEndsTheConnection()
    {
        await using var host = await LiveHost.StartAsync(compression: true);
        var (socket, _) = await HandshakeAsync(host, Handshake("/", Offer));
        await using var __ = socket;
        await socket.SendBytesAsync(Frame(Text, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF }, reserved: 4));
        Assert.Equal(1002, (await socket.ReceiveCloseAsync()).Code);
    }

    [Theory]
    [InlineData("permessage-deflate; server_max_window_bits=9")]
    [InlineData("permessage-deflate; server_max_window_bits")]
    [InlineData("permessage-deflate; client_max_window_bits=7")]
    [InlineData("permessage-deflate; client_max_window_bits=16")]
    [InlineData("permessage-deflate; client_max_window_bits=08")]
    [InlineData("permessage-deflate; server_no_context_takeover=1")]
    [InlineData("permessage-deflate; server_no_context_takeover; server_no_context_takeover")]
    [InlineData("permessage-deflate; something_else")]
    [InlineData("permessage-deflate;")]
    [InlineData("x-webkit-deflate-frame")]
    public async Task AnOfferThatCannotBeKeptIsNotTaken(string offer)
    {
        await using var host = await LiveHost.StartAsync(compression: true);
        var (socket, answer) = await HandshakeAsync(host, Handshake("/", $"Sec-WebSocket-Extensions: {offer}"));
        await using var _ = socket;
        Assert.DoesNotContain("Sec-WebSocket-Extensions", answer);
        await socket.SendBytesAsync(Frame(Text, Deflated("{}"), reserved: 4));
        Assert.Equal(1002, (await socket.ReceiveCloseAsync()).Code);
    }

    [Theory]
    [InlineData("permessage-deflate; server_max_window_bits=15; client_max_window_bits=8")]
    [InlineData("permessage-deflate; server_max_window_bits=\"15\"")]
    [InlineData(
        "permessage-deflate; server_max_window_bits=10, permessage-deflate; server_no_context_takeover; client_no_context_takeover")]
    [InlineData("x-webkit-deflate-frame, permessage-deflate")]
    public async Task AnOfferThatCanBeKeptIsTaken(string offer)
    {
        await using var host = await LiveHost.StartAsync(compression: true);
        var (socket, answer) = await HandshakeAsync(host, Handshake("/", $"Sec-WebSocket-Extensions: {offer}"));
        await using var _ = socket;
        Assert.Contains("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n", answer);
    }

    [Theory]
    [InlineData(10, 4_000_000, 1009)]  // a thousand times its bytes
    [InlineData(2_000, 4_000_000, 0)]  // as much as the limit says
    [InlineData(10, 1_000_000, 0)]     // an honest item of zeros
    public async Task AMessageInflatesToAtMostSoManyTimesItsBytes(int ratio, int length, int code)
    {
        await using var host = await LiveHost.StartAsync(limits: new() { InflationRatio = ratio }, compression: true);
        var (socket, _) = await HandshakeAsync(host, Handshake("/", Offer));
        await using var __ = socket;
        await socket.SendBytesAsync(
            Frame(Text, Deflated("""{"type":"REQUEST","cmd":"GET","path":"/subs","tunnel":4}""".PadRight(length)), reserved: 4));
        if (code == 0) Assert.Equal(4, (int)(await socket.ReceiveAsync())["tunnel"]!);
        else Assert.Equal((code, "a message inflates to at most 10 times its bytes"), await socket.ReceiveCloseAsync());
    }

    [Fact]
    public async Task ACompressedTextThatIsNotUtf8EndsTheConnectionWith1007AndAnEmptyOneDoesNot()
    {
        await using var host = await LiveHost.StartAsync(compression: true);
        var (socket, _) = await HandshakeAsync(host, Handshake("/", Offer));
        await using var __ = socket;
        // Empty, in a form that is not UTF-8 itself.
        await socket.SendBytesAsync(Frame(Text, new byte[] { 0x00, 0x00, 0x00, 0xFF, 0xFF, 0x00 }, reserved: 4));
        Assert.Equal(Text, (await socket.TryReceiveAsync())!.Value.Opcode & 0xF);
        await socket.SendBytesAsync(Frame(Binary, Deflated([(byte)'"', 0xFF]), reserved: 4));
        Assert.Equal(Text, (await socket.TryReceiveAsync())!.Value.Opcode & 0xF);
        await socket.SendBytesAsync(Frame(Text, Deflated([(byte)'"', 0xFF]), reserved: 4));
        Assert.Equal((1007, "a text that is not UTF-8"), await socket.ReceiveCloseAsync());
    }

    [Fact]
    public async Task AFragmentedCompressedMessageIsInflatedAsOne()
    {
        await using var host = await LiveHost.StartAsync(compression: true);
        var (socket, _) = await HandshakeAsync(host, Handshake("/", Offer));
        await using var __ = socket;
        var message = Deflated("""{"type":"REQUEST","cmd":"GET","path":"/subs","tunnel":3}""");
        await socket.SendBytesAsync(Frame(Text, message.AsSpan(0, 5), final: false, reserved: 4));
        await socket.SendBytesAsync(Frame(Continuation, message.AsSpan(5)));
        Assert.Equal(3, (int)(await socket.ReceiveAsync())["tunnel"]!);
    }

    private static byte[] Deflated(string text) => Deflated(Encoding.UTF8.GetBytes(text));

    private static byte[] Deflated(byte[] bytes)
    {
        using var output = new MemoryStream();
        using var deflate = new DeflateStream(output, CompressionLevel.Optimal);
        deflate.Write(bytes);
        deflate.Flush();
        return output.ToArray()[..^4];
    }
}

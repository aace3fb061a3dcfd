using System.IO.Compression;
using System.Text;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Protocol.Autobahn;

/// <summary>The case list of the Autobahn testsuite, by its numbers; docs/adr/0045 says which cases do not apply.</summary>
public sealed class AutobahnTests(AutobahnTests.Hosts hosts) : IClassFixture<AutobahnTests.Hosts>
{
    private static readonly Dictionary<string, AutobahnCase> s_cases =
        FrameCases.All().Concat(TextCases.All()).Concat(SizeCases.All()).ToDictionary(one => one.Number);

    public static TheoryData<string> Numbers => [.. s_cases.Keys];

    public static TheoryData<string> CompressedNumbers => [.. CompressionCases.Numbers()];

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task Case(string number)
    {
        var (_, sent, answers, chop) = s_cases[number];
        await using var socket = await ConnectAsync(hosts.Plain);
        var sending = SendAsync(socket, sent, chop);
        foreach (var answer in answers) await ExpectAsync(socket, answer);
        await sending;
        if (answers is not [.., var last] || !last.StartsWith("close", StringComparison.Ordinal))
        {
            await socket.SendBytesAsync(Frame(Close, [3, 232]));
            await ExpectAsync(socket, "close 1000");
        }
        socket.EndSending();
        Assert.Null(await socket.TryReceiveAsync());
    }

    [Theory]
    [MemberData(nameof(CompressedNumbers))]
    public async Task CompressedCase(string number)
    {
        var (offer, taken, text, fragment) = CompressionCases.Find(number);
        var (socket, answer) = await HandshakeAsync(hosts.Compressing, Handshake("/", $"Sec-WebSocket-Extensions: {offer}"));
        await using var _ = socket;
        Assert.Equal(taken, answer.Contains("Sec-WebSocket-Extensions: permessage-deflate;", StringComparison.Ordinal));
        var request = AutobahnCase.Request(text);
        var payload = taken ? Deflated(request) : request;
        for (var round = 0; round < 2; round++)
        {
            var frames = AutobahnCase.Fragments(Text, payload, fragment == 0 ? payload.Length : fragment);
            if (taken) frames[0] |= 0x40;
            await socket.SendBytesAsync(frames);
            var (opcode, reply) = (await socket.TryReceiveAsync())!.Value;
            if (!taken) Assert.Equal(Text, opcode);
            Assert.Contains(
                $"\"tunnel\":\"{text}\"", Encoding.UTF8.GetString(opcode == Text ? reply : Inflated(reply)), StringComparison.Ordinal);
        }
        await socket.SendBytesAsync(Frame(Close, [3, 232]));
        await ExpectAsync(socket, "close 1000");
    }

    private static async Task SendAsync(RawSocket socket, byte[] bytes, int chop)
    {
        try
        {
            foreach (var part in chop == 0 ? [bytes] : bytes.Chunk(chop)) await socket.SendBytesAsync(part);
        }
        catch (IOException)
        {
            // The server has ended the connection before the rest of a broken message was sent.
        }
    }

    private static async Task ExpectAsync(RawSocket socket, string answer)
    {
        var frame = await socket.TryReceiveAsync();
        Assert.True(frame is not null, $"the connection ended without {answer}");
        var (opcode, payload) = frame.Value;
        var text = Encoding.UTF8.GetString(payload);
        var found = opcode switch
        {
            Text
                when answer.StartsWith("echo ", StringComparison.Ordinal)
                    && text.Contains($"\"tunnel\":\"{answer[5..]}\",\"ok\":true", StringComparison.Ordinal) => answer,
            Text when text.Contains("\"tunnel\":null,\"ok\":false", StringComparison.Ordinal) => "reply",
            Pong => $"pong {Convert.ToHexString(payload)}",
            Close => payload.Length == 0 ? "close" : $"close {(payload[0] << 8) | payload[1]}",
            _ => $"opcode {opcode}: {text}",
        };
        Assert.Equal(answer, found);
    }

    private static byte[] Deflated(byte[] bytes)
    {
        using var output = new MemoryStream();
        using var deflate = new DeflateStream(output, CompressionLevel.Optimal);
        deflate.Write(bytes);
        deflate.Flush();
        return output.ToArray()[..^4];
    }

    private static byte[] Inflated(byte[] bytes)
    {
        using var inflate = new DeflateStream(new MemoryStream([.. bytes, 0, 0, 0xFF, 0xFF, 3, 0]), CompressionMode.Decompress);
        using var output = new MemoryStream();
        inflate.CopyTo(output);
        return output.ToArray();
    }

    /// <summary>The hosts of all cases. One takes the fragments of case 9.3.1, which are more than the default limit.</summary>
    public sealed class Hosts : IAsyncLifetime
    {
        internal LiveHost Plain { get; private set; } = null!;

        internal LiveHost Compressing { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Plain = await LiveHost.StartAsync(limits: new() { MessageFragments = 1 << 17, TunnelBytes = 16 << 20 });
            Compressing = await LiveHost.StartAsync(limits: new() { TunnelBytes = 16 << 20 }, compression: true);
        }

        public async Task DisposeAsync()
        {
            await Plain.DisposeAsync();
            await Compressing.DisposeAsync();
        }
    }
}

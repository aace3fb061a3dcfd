using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SharedState.Host.Tests.Engine;

/// <summary>A WebSocket by hand: sends any bytes as frames, right or wrong, and reads the server's frames, which it checks against RFC
/// 6455.</summary>
internal sealed class RawSocket : IAsyncDisposable
{
    public const int Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpClient _client;
    private readonly BufferedStream _stream;

    private RawSocket(TcpClient client) => (_client, _stream) = (client, new(client.GetStream(), 64 << 10));

    /// <summary>Connects and does a right handshake.</summary>
    public static async Task<RawSocket> ConnectAsync(LiveHost host, string path = "/")
    {
        var (socket, answer) = await HandshakeAsync(host, Handshake(path));
        Assert.StartsWith("HTTP/1.1 101 ", answer);
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", answer); // the example of RFC 6455, 1.3
        return socket;
    }

    /// <summary>Connects, sends a request's bytes, and reads the response's head, and its body if it has one.</summary>
    public static async Task<(RawSocket Socket, string Answer)> HandshakeAsync(LiveHost host, string request, int? receiveBytes = null)
    {
        var client = new TcpClient { NoDelay = true };
        if (receiveBytes is { } bytes) client.ReceiveBufferSize = bytes;
        await client.ConnectAsync("127.0.0.1", host.Port);
        var socket = new RawSocket(client);
        await socket.SendBytesAsync(Encoding.Latin1.GetBytes(request));
        return (socket, await socket.ReadAnswerAsync());
    }

    /// <summary>A right handshake, with lines that replace those of the same header, or, when empty after the colon, leave them
    /// out.</summary>
    public static string Handshake(string path = "/", params string[] headers)
    {
        string[] lines = ["Host: localhost", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
        var kept = lines
            .Where(line => !headers.Any(header => Name(header) == Name(line)))
            .Concat(headers.Where(header => !header.EndsWith(':')));
        return $"GET {path} HTTP/1.1\r\n{string.Concat(kept.Select(line => line + "\r\n"))}\r\n";

        static string Name(string header) => header[..header.IndexOf(':')];
    }

    /// <summary>A frame's bytes. <paramref name="promised"/>: the length that the header says, where it is not the payload's.</summary>
    public static byte[] Frame(
        int opcode, ReadOnlySpan<byte> payload, bool final = true, bool masked = true, int reserved = 0, ulong? promised = null)
    {
        var length = promised ?? (ulong)payload.Length;
        Span<byte> wide = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(wide, length);
        var first = (byte)((final ? 0x80 : 0) | (reserved << 4) | opcode);
        var mask = masked ? 0x80 : 0;
        byte[] header = length switch
        {
            <= 125 => [first, (byte)(mask | (int)length)],
            <= ushort.MaxValue => [first, (byte)(mask | 126), .. wide[6..]],
            _ => [first, (byte)(mask | 127), .. wide],
        };
        byte[] key = masked ? [0x37, 0xFA, 0x21, 0x3D] : [];
        byte[] frame = [.. header, .. key, .. payload];
        for (var index = 0; masked && index < payload.Length; index++) frame[header.Length + 4 + index] ^= key[index & 3];
        return frame;
    }

    public Task SendAsync(string text) => SendBytesAsync(Frame(Text, Encoding.UTF8.GetBytes(text)));

    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        using var patience = new CancellationTokenSource(Patience);
        await _client.GetStream().WriteAsync(bytes, patience.Token);
    }

    /// <summary>The next frame; null at the end of the stream, however it ends.</summary>
    public async Task<(int Opcode, byte[] Payload)?> TryReceiveAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var head = new byte[2];
            if (await _stream.ReadAtLeastAsync(head, 2, throwOnEndOfStream: false, patience.Token) < 2) return null;
            Assert.Equal(0x80, head[0] & 0xB0); // whole, and no reserved bit but that of compression, which counts as part of the opcode
            Assert.Equal(0, head[1] & 0x80);    // a server does not mask
            ulong length = head[1];
            if (length >= 126)
            {
                var wide = new byte[8];
                await _stream.ReadExactlyAsync(wide.AsMemory(length == 126 ? 6 : 0), patience.Token);
                length = BinaryPrimitives.ReadUInt64BigEndian(wide);
            }
            var payload = new byte[length];
            await _stream.ReadExactlyAsync(payload, patience.Token);
            return (head[0] & 0x4F, payload);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The next frame, which is a text.</summary>
    public async Task<string> ReceiveTextAsync()
    {
        var frame = await TryReceiveAsync();
        Assert.True(frame is not null, "the connection ended");
        var (opcode, payload) = frame.Value;
        Assert.True(opcode == Text, opcode == Close ? $"closed: {CloseOf(payload)}" : $"opcode {opcode}");
        return Encoding.UTF8.GetString(payload);
    }

    public async Task<JsonNode> ReceiveAsync() =>
        JsonNode.Parse(await ReceiveTextAsync(), documentOptions: new JsonDocumentOptions { MaxDepth = 1_000 })!;

    /// <summary>Sends a request and waits for the next message.</summary>
    public async Task<JsonNode> AskAsync(string request, int passing = -1)
    {
        await SendAsync(request);
        return await AnswerAsync(passing);
    }

    /// <summary>The next message after any number of frames of one opcode.</summary>
    public async Task<JsonNode> AnswerAsync(int passing)
    {
        while (await TryReceiveAsync() is var (opcode, payload))
        {
            if (opcode == passing) continue;
            Assert.Equal(Text, opcode);
            return JsonNode.Parse(payload)!;
        }
        throw new InvalidOperationException("the connection ended");
    }

    /// <summary>The close frame that comes after any number of texts, and the end of the stream after it.</summary>
    public async Task<(int Code, string Reason)> ReceiveCloseAsync()
    {
        while (await TryReceiveAsync() is var (opcode, payload))
        {
            if (opcode != Close) continue;
            try
            {
                await SendBytesAsync(Frame(Close, payload.AsSpan(0, Math.Min(2, payload.Length))));
            }
            catch (IOException)
            {
                // In virtual time the server may have waited long enough.
            }
            Assert.Null(await TryReceiveAsync());
            return CloseOf(payload);
        }
        throw new InvalidOperationException("the connection ended without a close frame");
    }

    /// <summary>Says that nothing more will be sent.</summary>
    public void EndSending() => _client.Client.Shutdown(SocketShutdown.Send);

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _client.Dispose();
    }

    private static (int Code, string Reason) CloseOf(byte[] payload) =>
        payload.Length == 0 ? (0, "") : (BinaryPrimitives.ReadUInt16BigEndian(payload), Encoding.UTF8.GetString(payload.AsSpan(2)));

    private async Task<string> ReadAnswerAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var answer = new StringBuilder();
        while (!answer.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) await ReadByteAsync();
        if (answer.ToString().StartsWith("HTTP/1.1 101", StringComparison.Ordinal)) return answer.ToString();
        if (answer.ToString().Contains("Transfer-Encoding: chunked", StringComparison.Ordinal))
        {
            while (!answer.ToString().EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal)) await ReadByteAsync();
        }
        return answer.ToString();

        async Task ReadByteAsync()
        {
            var one = new byte[1];
            await _stream.ReadExactlyAsync(one, patience.Token);
            answer.Append((char)one[0]);
        }
    }
}

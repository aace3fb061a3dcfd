using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace SharedState.Host.Connections;

/// <summary>
/// Extracts messages from the received bytes by RFC 6455: checks and unmasks frames, joins fragments, checks that a text is UTF-8, and
/// enforces the limits of a message's bytes and fragments, which the framework's WebSocket does not have.
/// </summary>
internal sealed class MessageReader(ReceiveBuffer received, ByteShare share, bool compression, Limits limits) : IDisposable
{
    private const byte Final = 0x80, Compressed = 0x40, Reserved = 0x70, Masked = 0x80;

    private readonly ReceiveBuffer _fragments = new(share), _inflated = new(share);
    private int _fragmentCount;
    private int _payloadAt, _payloadLength; // of the last found frame, in `received`
    private bool _isFragmented, _isInflated; // where the last found message stands
    private bool _compressed, _text;         // of the message that began last
    private Utf8Check _utf8;

    /// <summary>Whether a message is unfinished.</summary>
    public bool Unfinished => _fragmentCount > 0 || received.Length > 0;

    /// <summary>The bytes that have arrived of that message.</summary>
    public int UnfinishedBytes => _fragments.Length + received.Length;

    /// <summary>The last found message's, ping's or close frame's payload, until <see cref="Next"/>.</summary>
    public ReadOnlySpan<byte> Payload =>
        _isInflated ? _inflated.Filled : _isFragmented ? _fragments.Filled : received.Filled.Slice(_payloadAt, _payloadLength);

    /// <summary>Looks for the next frame. After anything but <see cref="Incoming.Nothing"/> call <see cref="Next"/>.</summary>
    /// <exception cref="WebSocketException">The client broke the protocol or a limit.</exception>
    public Incoming TryRead()
    {
        // :: Step 1: the header
        var bytes = received.Filled;
        if (bytes.Length < 2) return Incoming.Nothing;
        var opcode = bytes[0] & 0x0F;
        var final = (bytes[0] & Final) != 0;
        var compressed = (bytes[0] & Reserved) == Compressed;
        if ((bytes[0] & Reserved) != 0 && !(compressed && compression && opcode is 1 or 2)) throw Broken("a reserved bit is set");
        if ((bytes[1] & Masked) == 0) throw Broken("a client's frame must be masked");
        long length = bytes[1] & 0x7F;
        var at = 2;
        if (length == 126)
        {
            if (bytes.Length < 4) return Incoming.Nothing;
            length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
            at = 4;
        }
        else if (length == 127)
        {
            if (bytes.Length < 10) return Incoming.Nothing;
            length = BinaryPrimitives.ReadInt64BigEndian(bytes[2..]);
            at = 10;
        }

        // :: Step 2: the checks, before the payload has arrived
        CheckOpcode(opcode, final, length);

        // :: Step 3: the payload
        if (bytes.Length < at + 4 + length) return Incoming.Nothing;
        var mask = MemoryMarshal.Read<uint>(bytes[at..]);
        (_payloadAt, _payloadLength) = (at + 4, (int)length);
        Unmask(bytes.Slice(_payloadAt, _payloadLength), mask);

        // :: Step 4: the kind of frame
        if (opcode >= FrameHeader.Close) return Found(opcode);
        if (opcode != 0) (_compressed, _text) = (compressed, opcode == FrameHeader.Text);
        // A compressed text can be checked only when it is whole.
        if (!_compressed) CheckText(Payload, final);
        if (!final || _fragmentCount > 0)
        {
            _fragments.Append(Payload);
            _fragmentCount++;
            if (!final) return Incoming.Passed;
            _isFragmented = true;
        }
        if (_compressed)
        {
            Compression.Inflate(Payload, _inflated, limits);
            _isInflated = true;
            CheckText(Payload, last: true);
        }
        return Incoming.Message;
    }

    /// <summary>The last found frame is done with.</summary>
    public void Next()
    {
        received.Used(_payloadAt + _payloadLength);
        if (_isInflated) _inflated.Dispose();
        if (_isFragmented)
        {
            _fragments.Dispose();
            _fragmentCount = 0;
        }
        (_isFragmented, _isInflated) = (false, false);
    }

    public void Dispose()
    {
        _fragments.Dispose();
        _inflated.Dispose();
    }

    private void CheckOpcode(int opcode, bool final, long length)
    {
        if (length < 0) throw Broken("a length over 63 bits");
        if (opcode >= FrameHeader.Close)
        {
            if (opcode > FrameHeader.Pong) throw Broken("an unknown opcode");
            if (!final || length > 125) throw Broken("a control frame is fragmented or too long");
            return;
        }
        if (opcode > 2) throw Broken("an unknown opcode");
        if (opcode == 0 && _fragmentCount == 0) throw Broken("a continuation of nothing");
        if (opcode != 0 && _fragmentCount > 0) throw Broken("a new message inside a fragmented one");
        if (length > limits.MessageBytes - _fragments.Length)
            throw new WebSocketException(CloseCode.MessageTooBig, $"a message has at most {limits.MessageBytes} bytes");
        if (_fragmentCount >= limits.MessageFragments)
            throw new WebSocketException(CloseCode.MessageTooBig, $"a message has at most {limits.MessageFragments} fragments");
    }

    private Incoming Found(int opcode)
    {
        if (opcode == FrameHeader.Ping) return Incoming.Ping;
        if (opcode == FrameHeader.Pong) return Incoming.Passed;
        CheckClose(Payload);
        return Incoming.Close;
    }

    /// <summary>A close frame is empty, or has a code that may be sent (RFC 6455, 7.4) and a reason.</summary>
    private static void CheckClose(ReadOnlySpan<byte> payload)
    {
        if (payload.Length == 0) return;
        if (payload.Length == 1) throw Broken("a close frame with half a code");
        var code = BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (code is not (>= 1000 and <= 1003 or >= 1007 and <= 1014 or >= 3000 and <= 4999))
            throw Broken("a close code that must not be sent");
        if (!Utf8.IsValid(payload[2..])) throw new WebSocketException(CloseCode.InvalidPayload, "a close reason that is not UTF-8");
    }

    private void CheckText(ReadOnlySpan<byte> piece, bool last)
    {
        if (_text && !_utf8.Passes(piece, last)) throw new WebSocketException(CloseCode.InvalidPayload, "a text that is not UTF-8");
    }

    private static void Unmask(Span<byte> payload, uint mask)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(payload);
        var wide = mask | ((ulong)mask << 32);
        for (var index = 0; index < words.Length; index++) words[index] ^= wide;
        Span<byte> bytes = stackalloc byte[4];
        MemoryMarshal.Write(bytes, mask);
        for (var index = words.Length * 8; index < payload.Length; index++) payload[index] ^= bytes[index & 3];
    }

    private static WebSocketException Broken(string reason) => new(CloseCode.ProtocolError, reason);
}

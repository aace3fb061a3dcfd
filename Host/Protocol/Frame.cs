using System.Buffers.Binary;

namespace SharedState.Host.Protocol;

/// <summary>
/// One outgoing WebSocket frame, ready to be written to any number of sockets. Immutable. A large body is shared by frames that differ
/// only in what stands before it (another spelling of the path, another tunnel), so it is serialized and held once.
/// </summary>
internal sealed class Frame
{
    public const byte Close = 0x8, Ping = 0x9, Pong = 0xA;

    private const byte TextOpcode = 0x1, Final = 0x80, Compressed = 0x40;

    // A shorter text gains nothing.
    private const int LeastDeflated = 200;

    private readonly int _headerLength;
    private Frame? _deflated;

    private Frame(byte opcode, ReadOnlySpan<byte> text, ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> tail)
    {
        var head = WithHeader(opcode, text, (long)text.Length + body.Length + tail.Length);
        _headerLength = head.Length - text.Length;
        Head = head;
        Body = body;
        Tail = tail;
    }

    /// <summary>The frame's header and the first part of its payload.</summary>
    public ReadOnlyMemory<byte> Head { get; }

    /// <summary>The first part of the payload.</summary>
    public ReadOnlyMemory<byte> Text => Head[_headerLength..];

    /// <summary>The shared part of the payload; often empty.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>What closes the payload after the body; often empty.</summary>
    public ReadOnlyMemory<byte> Tail { get; }

    /// <summary>All bytes that go onto the wire.</summary>
    public int Length => Head.Length + Body.Length + Tail.Length;

    /// <summary>A text frame whose payload is the three parts after each other.</summary>
    public static Frame FromText(ReadOnlySpan<byte> head, ReadOnlyMemory<byte> body = default, ReadOnlyMemory<byte> tail = default) =>
        new(TextOpcode, head, body, tail);

    /// <summary>A text frame whose payload is compressed by permessage-deflate.</summary>
    public static Frame FromDeflated(ReadOnlySpan<byte> payload) => new(TextOpcode | Compressed, payload, default, default);

    /// <summary>A control frame; its payload has at most 125 bytes.</summary>
    public static Frame Control(byte opcode, ReadOnlySpan<byte> payload) => new(opcode, payload, default, default);

    /// <summary>This frame for a connection that takes compression: made once, for all of them.</summary>
    public Frame Deflated()
    {
        // Two threads may both make it; the frames are equal, and one of them stays.
        if (_deflated is null) _deflated = IsText && Length > LeastDeflated ? Connections.Compression.Deflate(this) ?? this : this;
        return _deflated;
    }

    private bool IsText => (Head.Span[0] & 0x0F) == TextOpcode;

    private static byte[] WithHeader(byte opcode, ReadOnlySpan<byte> head, long payloadLength)
    {
        var headerLength = payloadLength switch { <= 125 => 2, <= ushort.MaxValue => 4, _ => 10 };
        var bytes = GC.AllocateUninitializedArray<byte>(headerLength + head.Length);
        bytes[0] = (byte)(Final | opcode);
        if (headerLength == 2)
        {
            bytes[1] = (byte)payloadLength;
        }
        else if (headerLength == 4)
        {
            bytes[1] = 126;
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)payloadLength);
        }
        else
        {
            bytes[1] = 127;
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(2), payloadLength);
        }
        head.CopyTo(bytes.AsSpan(headerLength));
        return bytes;
    }
}

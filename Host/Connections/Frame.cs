namespace SharedState.Host.Connections;

/// <summary>
/// One outgoing WebSocket frame, or several in a row, ready to be written to any number of sockets. Immutable. Frames that differ only in
/// what stands before a large body (another spelling of the path, another tunnel) share it, so that it is serialized and held once.
/// </summary>
internal sealed class Frame
{
    // The minimum of a shared body. A smaller one is sent uncompressed: deflating it costs more than it saves.
    private const int LeastDeflated = 4 << 10;

    private Frame? _deflated;

    private Frame(byte[] head, ReadOnlyMemory<byte> body = default, ReadOnlyMemory<byte> tail = default) =>
        (Head, Body, Tail) = (head, body, tail);

    /// <summary>The first bytes, up to the shared ones; all bytes if there are no shared ones.</summary>
    public ReadOnlyMemory<byte> Head { get; }

    /// <summary>The shared part of the payload; often empty.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>The end of the payload after the body; often empty.</summary>
    public ReadOnlyMemory<byte> Tail { get; }

    /// <summary>All bytes that go onto the wire.</summary>
    public int Length => Head.Length + Body.Length + Tail.Length;

    /// <summary>Frames as they stand, each with its header.</summary>
    public static Frame FromWire(byte[] frames) => new(frames);

    /// <summary>A text frame whose payload is the three parts after each other.</summary>
    public static Frame FromText(ReadOnlySpan<byte> head, ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> tail) =>
        new(WithHeader(FrameHeader.Text, head, (long)head.Length + body.Length + tail.Length), body, tail);

    /// <summary>A control frame; its payload has at most 125 bytes.</summary>
    public static Frame Control(byte opcode, ReadOnlySpan<byte> payload) => new(WithHeader(opcode, payload, payload.Length));

    /// <summary>The compressed frame for a connection with compression, if the body is worth it; otherwise the frame itself. Too slow for a
    /// turn.</summary>
    public Frame Deflated()
    {
        // Two threads may both make it; the frames are equal, and one of them stays.
        if (Body.Length < LeastDeflated) return this;
        return _deflated ??= Deflate();
    }

    private Frame Deflate()
    {
        if (Deflation.Of(Body) is not { } body) return this;
        var text = Head.Span[FrameHeader.Read(Head.Span).Header..];
        // The last byte begins the empty block whose rest is left out (RFC 7692, 7.2.1).
        var tail = new byte[Deflation.StoredLength(Tail.Length) + 1];
        Deflation.WriteStored(tail, Tail.Span);
        var first = new byte[Deflation.StoredLength(text.Length)];
        Deflation.WriteStored(first, text);
        return new(
            WithHeader(FrameHeader.Text | FrameHeader.Compressed, first, (long)first.Length + body.Length + tail.Length), body, tail);
    }

    private static byte[] WithHeader(byte opcode, ReadOnlySpan<byte> head, long payload)
    {
        var header = FrameHeader.LengthFor(payload);
        var bytes = GC.AllocateUninitializedArray<byte>(header + head.Length);
        FrameHeader.Write(bytes, opcode, payload);
        head.CopyTo(bytes.AsSpan(header));
        return bytes;
    }
}

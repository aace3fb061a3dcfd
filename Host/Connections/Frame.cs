using SharedState.Host.Collections;

namespace SharedState.Host.Connections;

/// <summary>
/// One outgoing WebSocket frame, or several in a row, ready to be written to any number of sockets. Immutable. A large body is shared by frames
/// that differ only in what stands before it (another spelling of the path, another tunnel), so it is serialized and held once.
/// </summary>
internal sealed class Frame
{
    // A shorter text gains nothing.
    private const int LeastDeflated = 200;

    private Frame? _deflated;

    private Frame(byte[] head, ReadOnlyMemory<byte> body = default, ReadOnlyMemory<byte> tail = default) => (Head, Body, Tail) = (head, body, tail);

    /// <summary>The first bytes, up to the shared ones; without those, all of them.</summary>
    public ReadOnlyMemory<byte> Head { get; }

    /// <summary>The shared part of the payload; often empty.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>What closes the payload after the body; often empty.</summary>
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

    /// <summary>This frame for a connection that takes compression: made once, for all of them.</summary>
    public Frame Deflated()
    {
        // Two threads may both make it; the frames are equal, and one of them stays.
        if (_deflated is null) _deflated = Length > LeastDeflated ? Deflate() : this;
        return _deflated;
    }

    private Frame Deflate()
    {
        var deflated = new TextBuffer();
        for (var rest = Head; rest.Length > 0;)
        {
            var (header, payload) = FrameHeader.Read(rest.Span);
            var first = rest.Slice(header, Math.Min(payload, rest.Length - header));
            if (FrameHeader.IsText(rest.Span) && payload > LeastDeflated && Compression.Deflate(first.Span, Body.Span, Tail.Span) is { } bytes)
                WriteFrame(deflated, FrameHeader.Text | FrameHeader.Compressed, bytes.Span);
            else if (Body.IsEmpty)
                deflated.Write(rest.Span[..(header + payload)]);
            else
                return this;
            rest = rest[(header + first.Length)..];
        }
        var frames = deflated.Take();
        deflated.Release();
        return FromWire(frames);
    }

    private static void WriteFrame(TextBuffer target, byte opcode, ReadOnlySpan<byte> payload)
    {
        FrameHeader.Write(target.GetSpan(FrameHeader.MostBytes), opcode, payload.Length);
        target.Advance(FrameHeader.LengthFor(payload.Length));
        target.Write(payload);
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

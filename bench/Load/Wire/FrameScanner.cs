using System.Buffers.Binary;

namespace SharedState.Bench.Load.Wire;

/// <summary>Finds where a server's frame ends. A close, or what is no server's frame, is a <see cref="Violation"/>.</summary>
internal static class FrameScanner
{
    public const byte Ping = 0x9, Pong = 0xA;

    private const byte Final = 0x80, Continuation = 0x0, Text = 0x1, Close = 0x8;

    /// <summary>Takes the first frame.</summary>
    /// <returns>The bytes that it takes up; 0 if it is not all there.</returns>
    public static int TryRead(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> payload, out bool final, out int opcode)
    {
        payload = default;
        (final, opcode) = (true, Continuation);
        if (bytes.Length < 2) return 0;
        final = (bytes[0] & Final) != 0;
        opcode = bytes[0] & ~Final;
        if (opcode is not (Text or Continuation or Ping or Pong)) throw Unexpected(bytes, opcode);
        var (start, length) = bytes[1] switch
        {
            126 => (4, bytes.Length < 4 ? long.MaxValue / 2 : BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])),
            127 => (10, bytes.Length < 10 ? long.MaxValue / 2 : BinaryPrimitives.ReadInt64BigEndian(bytes[2..])),
            var few => (2, few),
        };
        if (bytes.Length < start + length) return 0;
        payload = bytes.Slice(start, (int)length);
        return start + (int)length;
    }

    private static Violation Unexpected(ReadOnlySpan<byte> bytes, int opcode) => opcode == Close
        ? new($"the server closed a connection: {System.Text.Encoding.UTF8.GetString(bytes[2..])}")
        : new($"a frame began with 0x{bytes[0]:x2}, which is no text");
}

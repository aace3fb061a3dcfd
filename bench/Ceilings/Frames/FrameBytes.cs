using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SharedState.Bench.Ceilings.Frames;

/// <summary>Frames of RFC 6455: reads the masked ones of a client, writes those of a server.</summary>
internal static class FrameBytes
{
    public const int LongestHeader = 10;

    private const byte FinalText = 0x81, Close = 0x8, Masked = 0x80;

    /// <summary>Takes the first whole frame, and unmasks it where it stands.</summary>
    /// <returns>The bytes that it takes up; 0 if it is not all there.</returns>
    public static int TryRead(Span<byte> bytes, out Span<byte> payload, out bool closes)
    {
        payload = default;
        closes = false;
        if (bytes.Length < 6) return 0;
        closes = (bytes[0] & 0x0F) == Close;
        var (start, length) = (bytes[1] & ~Masked) switch
        {
            126 => (8, (long)BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])),
            127 => (14, bytes.Length < 14 ? int.MaxValue : BinaryPrimitives.ReadInt64BigEndian(bytes[2..])),
            var few => (6, few),
        };
        if (bytes.Length < start + length) return 0;
        payload = bytes.Slice(start, (int)length);
        Unmask(payload, MemoryMarshal.Read<uint>(bytes[(start - 4)..]));
        return start + (int)length;
    }

    /// <summary>A text frame's header.</summary>
    public static int WriteHeader(Span<byte> bytes, int length)
    {
        bytes[0] = FinalText;
        switch (length)
        {
            case <= 125:
                bytes[1] = (byte)length;
                return 2;
            case <= ushort.MaxValue:
                bytes[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)length);
                return 4;
            default:
                bytes[1] = 127;
                BinaryPrimitives.WriteInt64BigEndian(bytes[2..], length);
                return LongestHeader;
        }
    }

    /// <summary>A whole text frame.</summary>
    public static byte[] Text(ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[LongestHeader];
        return [.. header[..WriteHeader(header, payload.Length)], .. payload];
    }

    private static void Unmask(Span<byte> payload, uint mask)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(payload);
        var wide = (ulong)mask << 32 | mask;
        foreach (ref var word in words) word ^= wide;
        for (var index = words.Length * 8; index < payload.Length; index++) payload[index] ^= (byte)(mask >> (index % 4 * 8));
    }
}

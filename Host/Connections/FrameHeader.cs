using System.Buffers.Binary;

namespace SharedState.Host.Connections;

/// <summary>The header of a frame from the server: final, not masked (RFC 6455, 5.2).</summary>
internal static class FrameHeader
{
    public const byte Text = 0x1, Close = 0x8, Ping = 0x9, Pong = 0xA;

    /// <summary>Of the payload of a frame with this bit: it is compressed (RFC 7692).</summary>
    public const byte Compressed = 0x40;

    public const int MostBytes = 10;

    private const byte Final = 0x80;

    /// <summary>The bytes of the header of a payload of that many bytes.</summary>
    public static int LengthFor(long payload) => payload switch { <= 125 => 2, <= ushort.MaxValue => 4, _ => 10 };

    public static void Write(Span<byte> header, byte opcode, long payload)
    {
        header[0] = (byte)(Final | opcode);
        switch (LengthFor(payload))
        {
            case 2:
                header[1] = (byte)payload;
                break;
            case 4:
                header[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)payload);
                break;
            default:
                header[1] = 127;
                BinaryPrimitives.WriteInt64BigEndian(header[2..], payload);
                break;
        }
    }

    /// <summary>The frame at the start of some: the length of its header and of its payload.</summary>
    public static (int Header, int Payload) Read(ReadOnlySpan<byte> frames) => frames[1] switch
    {
        127 => (10, checked((int)BinaryPrimitives.ReadInt64BigEndian(frames[2..]))),
        126 => (4, BinaryPrimitives.ReadUInt16BigEndian(frames[2..])),
        var payload => (2, payload),
    };
}

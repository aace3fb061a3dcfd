using System.Buffers.Binary;

namespace SharedState.Host.Plugins;

/// <summary>The extent of a library of macOS, by its headers (mach-o/loader.h and mach-o/fat.h).</summary>
internal static class MachLayout
{
    private const uint Narrow = 0xFEEDFACE, Wide = 0xFEEDFACF, Fat = 0xCAFEBABE, WideFat = 0xCAFEBABF;
    private const uint Segment = 0x1, WideSegment = 0x19; // LC_SEGMENT, LC_SEGMENT_64

    // A class file of Java begins like a fat library, and has its version, 45 or more, in the place of the number of processors.
    private const uint MostProcessors = 44;

    public static bool Fits(ReadOnlySpan<byte> start) =>
        BinaryPrimitives.ReadUInt32BigEndian(start) is Narrow or Wide or Fat or WideFat
        || BinaryPrimitives.ReadUInt32LittleEndian(start) is Narrow or Wide;

    /// <summary>
    /// The end of the last byte that a header or a segment names. The last segment, <c>__LINKEDIT</c>, holds all symbols and signatures.
    /// </summary>
    /// <exception cref="EndOfStreamException">The file ends within the headers.</exception>
    public static long End(ImageFile image)
    {
        var header = image.Read(0, 8);
        var magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (magic is Fat or WideFat) return EndOfFat(image, magic == WideFat, BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)));
        header = image.Read(0, 28);
        var little = BinaryPrimitives.ReadUInt32LittleEndian(header) is Narrow or Wide;
        var start = Number(header, 0) == Wide ? 32 : 28;
        var (count, size) = (Number(header, 16), Number(header, 20));
        var commands = image.Read(start, size);
        var end = start + (long)size;
        for (int at = 0, index = 0; index < count; index++)
        {
            if (at + 8 > commands.Length) throw new BadImageFormatException();
            var (command, length) = (Number(commands, at), Number(commands, at + 4));
            if (length < 8 || at + (long)length > commands.Length) throw new BadImageFormatException();
            if (command == WideSegment && length >= 56)
                end = Math.Max(end, ImageFile.End(Long(commands, at + 40), Long(commands, at + 48)));
            if (command == Segment && length >= 40)
                end = Math.Max(end, (long)Number(commands, at + 32) + Number(commands, at + 36));
            at += (int)length;
        }
        return end;

        uint Number(byte[] bytes, int at) =>
            little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at)) : BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at));
        long Long(byte[] bytes, int at) =>
            little ? BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at)) : BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(at));
    }

    /// <summary>A fat library holds one library for each processor, and a table of them.</summary>
    private static long EndOfFat(ImageFile image, bool wide, uint processors)
    {
        if (processors > MostProcessors) return 0;
        var size = wide ? 32 : 20;
        var table = image.Read(8, size * processors);
        var end = 8 + (long)table.Length;
        for (var at = 0; at < table.Length; at += size)
        {
            var entry = table.AsSpan(at);
            end = Math.Max(end, wide
                ? ImageFile.End(BinaryPrimitives.ReadInt64BigEndian(entry[8..]), BinaryPrimitives.ReadInt64BigEndian(entry[16..]))
                : (long)BinaryPrimitives.ReadUInt32BigEndian(entry[8..]) + BinaryPrimitives.ReadUInt32BigEndian(entry[12..]));
        }
        return end;
    }
}

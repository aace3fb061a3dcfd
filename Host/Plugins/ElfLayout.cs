using System.Buffers.Binary;

namespace SharedState.Host.Plugins;

/// <summary>
/// The extent of a library of Linux and its like, by its headers (the generic ABI, chapters "ELF Header", "Sections" and "Program
/// Loading").
/// </summary>
internal static class ElfLayout
{
    private const int NoBits = 8;      // SHT_NOBITS: a section without bytes in the file
    private const int StringTable = 3; // SHT_STRTAB

    public static bool Fits(ReadOnlySpan<byte> start) => start.StartsWith("\u007FELF"u8);

    /// <summary>The end of the last byte that a header, segment or section names.</summary>
    /// <exception cref="EndOfStreamException">The file ends within the headers.</exception>
    /// <exception cref="BadImageFormatException">The headers contradict themselves, or the table of sections was never written.</exception>
    public static long End(ImageFile image)
    {
        // :: 1. The header: its class gives the widths of the fields.
        var identity = image.Read(0, 16);
        var (wide, little) = (identity[4] == 2, identity[5] == 1);
        var header = new Fields(image.Read(0, wide ? 64 : 52), little, wide);
        var (programs, sections) = (header.Word(wide ? 32 : 28), header.Word(wide ? 40 : 32));
        var sizes = wide ? 54 : 42; // phentsize, phnum, shentsize, shnum, shstrndx
        var (programSize, programCount) = (header.Half(sizes), header.Half(sizes + 2));
        var (sectionSize, sectionCount, names) = (header.Half(sizes + 4), (long)header.Half(sizes + 6), header.Half(sizes + 8));

        if (programCount > 0 && programSize < (wide ? 56 : 32)) throw new BadImageFormatException();
        if (sections != 0 && sectionSize < (wide ? 64 : 40)) throw new BadImageFormatException();

        // :: 2. Segments: the parts that are mapped.
        var end = ImageFile.End(programs, (long)programSize * programCount);
        var table = image.Read(programs, (long)programSize * programCount);
        for (var at = 0; at < table.Length; at += programSize)
        {
            var segment = new Fields(table.AsSpan(at), little, wide);
            end = Math.Max(end, ImageFile.End(segment.Word(wide ? 8 : 4), segment.Word(wide ? 32 : 16)));
        }
        if (sections == 0) return end;

        // :: 3. Sections: their table is the last thing in the file, so a copy that was cut short lacks it. With 65,280 sections or more
        //       the first one holds their number.
        if (sectionCount == 0) sectionCount = new Fields(image.Read(sections, sectionSize), little, wide).Word(wide ? 32 : 20);
        if (sectionCount > image.Length) throw new EndOfStreamException();
        end = Math.Max(end, ImageFile.End(sections, sectionSize * sectionCount));
        table = image.Read(sections, sectionSize * sectionCount);
        for (var (at, index) = (0, 0); at < table.Length; at += sectionSize, index++)
        {
            var section = new Fields(table.AsSpan(at), little, wide);
            var type = section.Number(4);
            // A file that was made in its full length first has zeros where the copy has not come to.
            if (index == names && names != 0 && type != StringTable) throw new BadImageFormatException();
            if (type is not (0 or NoBits)) end = Math.Max(end, ImageFile.End(section.Word(wide ? 24 : 16), section.Word(wide ? 32 : 20)));
        }
        return end;
    }

    /// <summary>A header's fields, in the file's order of bytes and of its class.</summary>
    private readonly ref struct Fields(ReadOnlySpan<byte> bytes, bool little, bool wide)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        public int Half(int at) =>
            little ? BinaryPrimitives.ReadUInt16LittleEndian(_bytes[at..]) : BinaryPrimitives.ReadUInt16BigEndian(_bytes[at..]);

        public uint Number(int at) =>
            little ? BinaryPrimitives.ReadUInt32LittleEndian(_bytes[at..]) : BinaryPrimitives.ReadUInt32BigEndian(_bytes[at..]);

        /// <summary>A field of 8 bytes in the wide class and 4 in the other.</summary>
        public long Word(int at) => !wide ? Number(at)
            : little ? BinaryPrimitives.ReadInt64LittleEndian(_bytes[at..]) : BinaryPrimitives.ReadInt64BigEndian(_bytes[at..]);
    }
}

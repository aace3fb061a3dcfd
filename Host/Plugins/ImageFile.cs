using System.Buffers.Binary;
using System.Reflection.PortableExecutable;

namespace SharedState.Host.Plugins;

/// <summary>
/// A library on disk: ELF, PE (which is also what .NET assemblies are) or Mach-O. Says whether the file is whole. A process that maps half
/// of a library is ended by SIGBUS when it touches the missing pages, and no handler can prevent that.
/// </summary>
internal sealed class ImageFile
{
    private static readonly string[] Extensions = [".dll", ".so", ".dylib"];

    private readonly Stream _content;

    public ImageFile(Stream content) => _content = content;

    /// <summary>The length of the file in bytes.</summary>
    public long Length => _content.Length;

    /// <summary>
    /// Tells that a library is incomplete, for a sentence after its name; null for a whole library and for any other file.
    /// </summary>
    public static string? FindDamage(string path)
    {
        using var content = File.OpenRead(path);
        return new ImageFile(content).FindDamage(IsNamedAsLibrary(path));
    }

    /// <summary>Tells whether a file is a library of the machine's own code, for which a file system must allow execution.</summary>
    public static bool IsNative(string path)
    {
        using var content = File.OpenRead(path);
        var image = new ImageFile(content);
        if (image.Length < 4) return false;
        var start = image.Read(0, 4);
        return ElfLayout.Fits(start) || MachLayout.Fits(start);
    }

    /// <summary>The end of a part of a file, as headers name it: the largest number where the headers make no sense.</summary>
    public static long End(long offset, long size) =>
        offset < 0 || size < 0 || offset > long.MaxValue - size ? long.MaxValue : offset + size;

    /// <param name="named">Whether the name of the file says that it is a library.</param>
    public string? FindDamage(bool named)
    {
        try
        {
            var end = FindEnd(named);
            return end > Length ? $"has {Length} bytes of {end}" : null;
        }
        catch (Exception e) when (e is EndOfStreamException or BadImageFormatException)
        {
            return $"has {Length} bytes, which are only a part of it";
        }
    }

    /// <summary>A part of the file.</summary>
    /// <exception cref="EndOfStreamException">The file ends before the part does.</exception>
    public byte[] Read(long offset, long count)
    {
        if (End(offset, count) > Length) throw new EndOfStreamException();
        var bytes = new byte[count];
        _content.Position = offset;
        _content.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The end of the last byte that the headers name.</summary>
    private long FindEnd(bool named)
    {
        // Without four bytes, or with zeros for them as in a file whose length was set before its content was written, the name decides.
        var start = Read(0, Math.Min(4, Length));
        if (start.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(start) == 0) return named ? throw new EndOfStreamException() : 0;
        if (ElfLayout.Fits(start)) return ElfLayout.End(this);
        if (MachLayout.Fits(start)) return MachLayout.End(this);
        return start is [(byte)'M', (byte)'Z', ..] ? EndOfPortableExecutable() : 0;
    }

    private long EndOfPortableExecutable()
    {
        _content.Position = 0;
        var headers = new PEHeaders(_content, (int)Math.Min(Length, int.MaxValue));
        var end = headers.SectionHeaders.Max(section => (long?)section.PointerToRawData + section.SizeOfRawData) ?? 0;
        // The one directory that is no part of a section: its "address" is an offset in the file.
        var certificates = headers.PEHeader?.CertificateTableDirectory ?? default;
        return Math.Max(end, (long)certificates.RelativeVirtualAddress + certificates.Size);
    }

    private static bool IsNamedAsLibrary(string path)
    {
        var name = Path.GetFileName(path);
        return Extensions.Contains(Path.GetExtension(name)) || name.Contains(".so.", StringComparison.Ordinal);
    }
}

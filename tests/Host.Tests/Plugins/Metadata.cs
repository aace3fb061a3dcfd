using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace SharedState.Host.Tests.Plugins;

/// <summary>Changes versions in the metadata of an assembly, as if it had been built at another time.</summary>
internal static class Metadata
{
    /// <summary>Changes the version with which an assembly refers to another one.</summary>
    public static void PretendReference(string assembly, string name, ushort major, ushort minor) =>
        Write(
            assembly,
            major,
            minor,
            metadata =>
            {
                var handle = metadata.AssemblyReferences.First(reference =>
                    metadata.StringComparer.Equals(metadata.GetAssemblyReference(reference).Name, name));
                return metadata.GetTableMetadataOffset(TableIndex.AssemblyRef)
                    + ((MetadataTokens.GetRowNumber(handle) - 1) * metadata.GetTableRowSize(TableIndex.AssemblyRef));
            }
        );

    /// <summary>Changes the version of an assembly itself. Its row begins with four bytes about hashes.</summary>
    public static void PretendVersion(string assembly, ushort major, ushort minor) =>
        Write(assembly, major, minor, metadata => metadata.GetTableMetadataOffset(TableIndex.Assembly) + 4);

    private static void Write(string assembly, ushort major, ushort minor, Func<MetadataReader, int> place)
    {
        var bytes = File.ReadAllBytes(assembly);
        using var image = new PEReader(new MemoryStream(bytes));
        var at = image.PEHeaders.MetadataStartOffset + place(image.GetMetadataReader());
        BitConverter.GetBytes(major).CopyTo(bytes, at);
        BitConverter.GetBytes(minor).CopyTo(bytes, at + 2);
        File.WriteAllBytes(assembly, bytes);
    }
}

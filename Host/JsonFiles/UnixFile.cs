using System.Formats.Tar;

namespace SharedState.Host.JsonFiles;

/// <summary>The kind and the owner of a file on Unix.</summary>
/// <remarks>Of all of .NET only the tar writer reads these two, so a header of an archive is written to memory and read again.</remarks>
internal static class UnixFile
{
    /// <summary>Tells whether a path leads to a pipe, a socket or a device. Opening one of these may block for ever.</summary>
    public static bool IsSpecial(FileInfo file)
    {
        // A special file has no length. A regular file is not looked at any further: its content would become part of the archive.
        if (OperatingSystem.IsWindows() || file.Length > 0) return false;
        try
        {
            return ReadEntry(file.FullName).EntryType != TarEntryType.RegularFile;
        }
        catch (IOException) when (file.Exists)
        {
            return true; // a socket, for which archives have no entry
        }
    }

    /// <summary>The user id of the owner of a folder or a small file.</summary>
    public static int Owner(string path) => ReadEntry(path).Uid;

    private static TarEntry ReadEntry(string path)
    {
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true)) writer.WriteEntry(path, "file");
        archive.Position = 0;
        using var reader = new TarReader(archive);
        return reader.GetNextEntry()!;
    }
}

using System.Security.Cryptography;
using System.Text;

namespace SharedState.Host.Plugins;

/// <summary>
/// What a plugin's files look like from outside: their names, sizes and times, less what is of other platforms. Cheap enough to be asked for all the time.
/// </summary>
internal static class FolderStamp
{
    /// <summary>Of a folder and all below it; the same text as long as nothing there has changed. Of what is not there, or cannot be read, too.</summary>
    public static string Of(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            Add(hash, new(folder), Path.Combine(folder, "runtimes"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(e.GetType().Name)); // it is being moved or deleted
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Add(IncrementalHash hash, DirectoryInfo folder, string runtimes)
    {
        foreach (var info in folder.EnumerateFileSystemInfos().OrderBy(info => info.Name, StringComparer.Ordinal))
        {
            if (folder.FullName == runtimes && Platform.IsForeign(info.Name)) continue;
            var size = info is FileInfo file ? file.Length : -1;
            hash.AppendData(Encoding.UTF8.GetBytes($"{info.FullName}\0{size}\0{info.LastWriteTimeUtc.Ticks}\0"));
            // A link is not followed: a plugin that holds one is refused.
            if (info is DirectoryInfo inner && info.LinkTarget is null) Add(hash, inner, runtimes);
        }
    }
}

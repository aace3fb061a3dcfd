using System.Security.Cryptography;
using System.Text;

namespace SharedState.Host.Plugins;

/// <summary>
/// A hash of the names, sizes and times of a plugin's files, without the files of other platforms. It costs so little that it can be
/// computed twice a second.
/// </summary>
internal static class FolderStamp
{
    /// <summary>
    /// Computes the stamp of a folder: the same text as long as nothing in the folder changes. A folder that is missing or unreadable has a
    /// stamp too.
    /// </summary>
    public static string Of(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            Add(hash, new(folder), Path.Combine(folder, "runtimes"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(e.GetType().Name)); // the folder is being moved or deleted
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
            // A link is not followed: a plugin with a link is refused.
            if (info is DirectoryInfo inner && info.LinkTarget is null) Add(hash, inner, runtimes);
        }
    }
}

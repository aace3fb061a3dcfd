using SharedState.Host.JsonFiles;

namespace SharedState.Host.Plugins;

/// <summary>The files of a plugin's folder that can be needed on this computer.</summary>
internal static class PluginFiles
{
    /// <summary>
    /// More than any plugin has, and little enough to be read and copied within seconds: a folder with a database in it is refused.
    /// </summary>
    public const long MostBytes = 1L << 30;

    /// <summary>A manifest has some hundred bytes for each key of its <c>config</c>.</summary>
    public const int ManifestBytes = 64 << 10;

    /// <summary>
    /// Lists the files in an order that does not depend on the file system. Opens none of them.
    /// </summary>
    /// <exception cref="PluginException">The folder holds a link or a special file, or too much.</exception>
    public static IReadOnlyList<PluginFile> In(string folder)
    {
        var found = new List<PluginFile>();
        var bytes = 0L;
        var runtimes = Path.Combine(folder, "runtimes");
        var folders = new Stack<string>([folder]);
        while (folders.TryPop(out var next))
        {
            foreach (var info in new DirectoryInfo(next).EnumerateFileSystemInfos())
            {
                // The target of a link can change, and can be anywhere; a plugin is the files of its folder.
                if (info.LinkTarget is not null)
                    throw new PluginException($"the plugin folder holds a link, {info.FullName}; put the file itself there");
                if (info is DirectoryInfo)
                {
                    if (next != runtimes || !Platform.IsForeign(info.Name)) folders.Push(info.FullName);
                    continue;
                }
                var file = (FileInfo)info;
                if (UnixFile.IsSpecial(file))
                    throw new PluginException($"the plugin folder holds {file.FullName}, which is a pipe, a socket or a device; remove it");
                bytes += file.Length;
                found.Add(new(folder, Path.GetRelativePath(folder, file.FullName), file.Length));
            }
        }
        if (bytes > MostBytes)
        {
            throw new PluginException(
                $"the plugin folder {folder} holds {bytes >> 20} MiB of files, more than the {MostBytes >> 20} MiB of a plugin; " +
                "move the files that are no part of it elsewhere");
        }
        return [.. found.OrderBy(file => file.Name, StringComparer.Ordinal)];
    }

    /// <summary>Tells why a manifest must not be read; null if it may be.</summary>
    public static string? FindManifestFault(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists) return null; // the reader says so
        if (file.LinkTarget is not null) return "must not be a link; put the file itself there";
        if (UnixFile.IsSpecial(file)) return "is a pipe, a socket or a device, and not a file";
        return file.Length > ManifestBytes ? $"has {file.Length} bytes; a manifest has at most {ManifestBytes}" : null;
    }
}

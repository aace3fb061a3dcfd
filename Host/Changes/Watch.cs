using System.Security.Cryptography;
using System.Text;
using SharedState.Host.JsonFiles;
using SharedState.Host.Plugins;

namespace SharedState.Host.Changes;

/// <summary>
/// Looks at the configuration file, at the files that it refers to, and at the plugin folders. It polls, because notifications of the file
/// system may be lost, and there are none for a link two folders up, which some deployments replace.
/// </summary>
internal sealed class Watch
{
    // A larger file is no text that a value refers to; it would be expensive to read again and again.
    private const long LargestFile = 1 << 20;

    private readonly string _file, _plugins;
    private IReadOnlyList<string> _paths = [];

    /// <param name="file">The configuration file.</param>
    /// <param name="plugins">The folder of the plugins that come with the host.</param>
    public Watch(JsonFile file, string plugins)
    {
        (_file, _plugins) = (file.FullPath, plugins);
        Follow(file);
    }

    /// <summary>
    /// Includes the files that the configuration refers to. An unreadable configuration changes nothing. Whether the set of files changed.
    /// </summary>
    public bool Follow(JsonFile file)
    {
        if (file.Root is null) return false;
        var before = _paths;
        _paths = [.. file.Paths.Order(StringComparer.Ordinal)];
        return !_paths.SequenceEqual(before);
    }

    /// <summary>The present state.</summary>
    public Sight Look()
    {
        using var files = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var folders = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AddFile(files, _file);
        AddFolder(folders, _plugins);
        foreach (var path in _paths)
        {
            if (Directory.Exists(path)) AddFolder(folders, path);
            else AddFile(files, path);
        }
        return new(Convert.ToHexStringLower(files.GetHashAndReset()), Convert.ToHexStringLower(folders.GetHashAndReset()));
    }

    /// <summary>Adds the content of a small text file, so that touching a file is no change, and any way of writing is noticed.</summary>
    private static void AddFile(IncrementalHash hash, string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (info is { LinkTarget: null, Length: > LargestFile })
                hash.AppendData(Encoding.UTF8.GetBytes($"{info.Length} {info.LastWriteTimeUtc.Ticks}"));
            else hash.AppendData(SHA256.HashData(SmallFile.Read(path, JsonFile.MostBytes)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(e.GetType().Name));
        }
    }

    /// <summary>Adds the plugins in a folder, or the folder if it is a plugin itself. Other content is ignored.</summary>
    private static void AddFolder(IncrementalHash hash, string folder)
    {
        try
        {
            if (IsPlugin(folder)) Add(folder);
            else foreach (var inner in Directory.EnumerateDirectories(folder).Where(IsPlugin).Order(StringComparer.Ordinal)) Add(inner);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(e.GetType().Name));
        }

        void Add(string plugin) => hash.AppendData(Encoding.UTF8.GetBytes(plugin + FolderStamp.Of(plugin)));
    }

    private static bool IsPlugin(string folder) => File.Exists(Path.Combine(folder, PluginManifest.FileName));
}

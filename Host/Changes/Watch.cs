using System.Security.Cryptography;
using System.Text;
using SharedState.Host.Configuration;
using SharedState.Host.Plugins;

namespace SharedState.Host.Changes;

/// <summary>
/// Looks at the configuration file, at what it refers to, and at the plugins' folders. It looks itself instead of being told by the system: a notification
/// may be lost, and none comes for a link two folders up, by which some file systems are changed.
/// </summary>
internal sealed class Watch
{
    // What is larger is no text that someone refers to, and is not read again and again.
    private const long LargestFile = 1 << 20;

    private readonly string _file, _plugins;
    private IReadOnlyList<string> _paths = [];

    /// <param name="file">The configuration, as it was read.</param>
    /// <param name="plugins">The folder of the plugins that come with the host.</param>
    public Watch(JsonFile file, string plugins)
    {
        (_file, _plugins) = (file.FullPath, plugins);
        Follow(file);
    }

    /// <summary>Looks also at what the file refers to; if it could not be read, at what it referred to before. Whether that is something else.</summary>
    public bool Follow(JsonFile file)
    {
        if (file.Root is null) return false;
        var before = _paths;
        _paths = [.. file.Paths.Order(StringComparer.Ordinal)];
        return !_paths.SequenceEqual(before);
    }

    /// <summary>What there is now.</summary>
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

    /// <summary>Text files of some hundred bytes: their content, so that it does not matter by what means they are changed, or touched.</summary>
    private static void AddFile(IncrementalHash hash, string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (info is { LinkTarget: null, Length: > LargestFile }) hash.AppendData(Encoding.UTF8.GetBytes($"{info.Length} {info.LastWriteTimeUtc.Ticks}"));
            else hash.AppendData(SHA256.HashData(File.ReadAllBytes(path)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(e.GetType().Name));
        }
    }

    /// <summary>A folder of plugins, which may be one itself. What is no plugin is not looked at, as it is not used.</summary>
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

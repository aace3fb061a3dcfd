using System.Security.Cryptography;
using System.Text;

namespace SharedState.Host.Plugins;

/// <summary>
/// Copies of plugin folders, each named by the hash of its content, less what is of other platforms. Plugins are loaded from here, so that an
/// operator may replace a plugin's folder under a running host: overwriting loaded code in place ends in an abort.
/// </summary>
internal sealed class PluginCache
{
    /// <summary>An entry that no host has used for this long is deleted: long enough to go back to last week's plugin for free.</summary>
    private static readonly TimeSpan Unused = TimeSpan.FromDays(7);

    private readonly string _root;

    // By the entry's hash. Held, shared, as long as this process lives: a locked entry is in use and is not deleted.
    private readonly Dictionary<string, FileStream> _locks = [];

    public PluginCache(string root) => _root = root;

    /// <summary>
    /// The user's cache folder; without one (a service account without a home), a folder in the temporary one that only this process knows,
    /// and that is gone when it ends.
    /// </summary>
    public static PluginCache ForUser()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        var caches = OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg && Path.IsPathRooted(xdg) ? xdg
            : home.Length > 0 ? Path.Combine(home, ".cache")
            : "";
        try
        {
            if (caches.Length > 0)
            {
                var root = Path.Combine(caches, "sharedstate", "plugins");
                CreatePrivate(root);
                // That it may be listed does not mean that it may be written to.
                using (File.Create(Path.Combine(root, $".try-{Guid.NewGuid():N}"), 1, FileOptions.DeleteOnClose)) return new(root);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not writable: the temporary folder will do.
        }
        // Not one with a name that is always the same: whoever made that first could change what is loaded from it.
        var temporary = Directory.CreateTempSubdirectory("sharedstate-plugins-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Delete(temporary);
        return new(temporary);
    }

    /// <summary>The copy of a folder, named by the hash of its content: made if it is not there yet, and checked byte by byte if it is.</summary>
    /// <exception cref="PluginException">The folder holds links, or cannot be read.</exception>
    public string Copy(string folder)
    {
        try
        {
            // :: 1. Read the folder's content, once, and name the entry after it.
            var hash = Hash(folder);
            var entry = Path.Combine(_root, hash);

            // :: 2. Lock the entry before looking at it, so that no other host deletes it from now on.
            CreatePrivate(_root);
            if (!_locks.ContainsKey(hash)) _locks.Add(hash, new(entry + ".lock", FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read));
            File.SetLastWriteTimeUtc(entry + ".lock", DateTime.UtcNow);

            // :: 3. A good copy is used as it is. Reading a plugin once more costs some milliseconds, and a cache that was cut short (a full
            //       disk, a cleaner of old files) would cost a crash in code not loaded yet.
            if (Directory.Exists(entry))
            {
                if (Hash(entry) == hash) return entry;
                Directory.Move(entry, NewName());
            }

            // :: 4. Fill a folder of our own, then rename it: an entry is whole or not there. Whoever was faster made the same.
            var copy = NewName();
            CopyFiles(folder, copy);
            if (Hash(copy) != hash)
                throw new PluginException($"the plugin folder {folder} is being written to; it can be used when that is done");
            try
            {
                Directory.Move(copy, entry);
            }
            catch (IOException) when (Directory.Exists(entry))
            {
                Directory.Delete(copy, recursive: true);
            }
            return entry;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PluginException($"the plugin folder {folder} cannot be copied to {_root}: {e.Message}", e);
        }
    }

    /// <summary>Deletes what no host uses and none has used for a week.</summary>
    public void Clean()
    {
        foreach (var path in Directory.EnumerateFiles(_root, "*.lock"))
        {
            try
            {
                if (DateTime.UtcNow - File.GetLastWriteTimeUtc(path) < Unused) continue;
                // Fails while any host holds it.
                using var exclusive = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None);
                var entry = path[..^".lock".Length];
                if (Directory.Exists(entry)) Directory.Delete(entry, recursive: true);
                File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use, or another host cleans as well: next time.
            }
        }
        foreach (var leftover in Directory.EnumerateDirectories(_root, ".new-*"))
        {
            try
            {
                if (DateTime.UtcNow - Directory.GetLastWriteTimeUtc(leftover) > Unused) Directory.Delete(leftover, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // As above.
            }
        }
    }

    private static void Delete(string temporary)
    {
        try
        {
            Directory.Delete(temporary, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Windows does not delete what is loaded; it stays until the temporary folder is cleaned.
        }
    }

    private string NewName() => Path.Combine(_root, $".new-{Guid.NewGuid():N}");

    /// <summary>SHA-256 over all names and contents, in an order that does not depend on the file system: 64 hex digits.</summary>
    private static string Hash(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Files(folder))
        {
            using var content = File.OpenRead(Path.Combine(folder, file));
            hash.AppendData(Encoding.UTF8.GetBytes(file.Replace('\\', '/') + '\0'));
            hash.AppendData(SHA256.HashData(content));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void CopyFiles(string folder, string copy)
    {
        CreatePrivate(copy);
        foreach (var file in Files(folder))
        {
            var target = Path.Combine(copy, file);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(Path.Combine(folder, file), target);
        }
    }

    /// <summary>What a plugin can need here, relative to its folder.</summary>
    private static IEnumerable<string> Files(string folder)
    {
        var found = new List<string>();
        var runtimes = Path.Combine(folder, "runtimes");
        var folders = new Stack<string>([folder]);
        while (folders.TryPop(out var next))
        {
            foreach (var info in new DirectoryInfo(next).EnumerateFileSystemInfos())
            {
                // What a link shows can change or lead anywhere; a plugin is what is in its folder.
                if (info.LinkTarget is not null)
                    throw new PluginException($"the plugin folder holds a link, {info.FullName}; put the file itself there");
                if (info is DirectoryInfo)
                {
                    if (next != runtimes || !Platform.IsForeign(info.Name)) folders.Push(info.FullName);
                }
                else found.Add(Path.GetRelativePath(folder, info.FullName));
            }
        }
        return found.Order(StringComparer.Ordinal);
    }

    private static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}

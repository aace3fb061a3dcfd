using System.Security.Cryptography;
using System.Text;

namespace SharedState.Host.Plugins;

/// <summary>
/// Copies of plugin folders, each named by the hash of its content, less the files of other platforms. Plugins are loaded from here, so
/// that an operator may replace a plugin's folder under a running host: overwriting loaded code in place ends in an abort.
/// </summary>
internal sealed class PluginCache
{
    /// <summary>
    /// How many entries are kept that no process uses: enough to go back through a day of upgrades, and some 20 MB with the plugins that
    /// come with the host.
    /// </summary>
    public const int MostUnused = 8;

    /// <summary>An unused entry is deleted after this time: long enough to go back to last week's plugin for free.</summary>
    private static readonly TimeSpan Unused = TimeSpan.FromDays(7);

    private readonly string? _root;
    private readonly bool _executable;
    private readonly string _refusals;
    private readonly ILogger? _logger;
    private readonly CacheLocks? _locks;
    private readonly Dictionary<string, string> _inPlace = []; // the hash of what was loaded from a plugin's own folder, by the folder
    private bool _said;

    /// <summary>A cache in a folder, which is made if it is not there.</summary>
    public PluginCache(string root)
        : this(root, executable: true, "", null)
    {
    }

    private PluginCache(string? root, bool executable, string refusals, ILogger? logger)
    {
        (_root, _executable, _refusals, _logger) = (root, executable, refusals, logger);
        if (root is not null) _locks = new(root);
    }

    /// <summary>The cache of this user (<see cref="CacheFolder"/>). Without a folder for it nothing is copied.</summary>
    public static PluginCache ForUser(ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("Host");
        var folder = CacheFolder.Find();
        if (folder is { Unsafe: true, Path: not null }) PluginLog.UnsafeFolder(logger, folder.Path, folder.Refusals);
        else if (folder.Private) PluginLog.PrivateCopies(logger, folder.Path!, folder.Refusals);
        return new(folder.Path, folder.Executable, folder.Refusals, logger);
    }

    /// <summary>
    /// The copy of a folder, named by the hash of its content: made if it is not there yet, and checked byte by byte if it is.
    /// </summary>
    /// <param name="folder">The plugin's folder.</param>
    /// <param name="check">Throws if a content, named by its hash, must not be used. Then nothing is copied.</param>
    /// <exception cref="PluginException">
    /// The folder holds links or special files, or cannot be read; or <paramref name="check"/> has thrown.
    /// </exception>
    public PluginCopy Copy(string folder, Action<string>? check = null)
    {
        try
        {
            // :: 1. Read the folder's content, once, and name the entry after it.
            var hash = Hash(folder);
            check?.Invoke(hash);
            if (_root is null || (!_executable && HasNativeLibrary(folder))) return InPlace(folder, hash);
            var entry = Path.Combine(_root, hash);

            // :: 2. Lock the entry before looking at it, so that no other process deletes it from now on.
            CacheFolder.CreatePrivate(_root);
            _locks!.Hold(hash);

            // :: 3. A good copy is used as it is. Reading a plugin once more costs some milliseconds, and a cache that was cut short (a
            //       full disk, a cleaner of old files) would cost a crash in code not loaded yet.
            if (Directory.Exists(entry))
            {
                if (IsWhole(entry, hash)) return new(entry, hash);
                Directory.Move(entry, NewName(hash));
            }

            // :: 4. Fill a new folder, then rename it: an entry is whole or not there. A faster process has made the same entry.
            Fill(folder, entry, hash);
            Clean();
            return new(entry, hash);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PluginException($"the plugin folder {folder} cannot be copied to {_root}: {e.Message}", e);
        }
    }

    /// <summary>Gives a copy back that was not loaded.</summary>
    public void Release(PluginCopy copy)
    {
        if (copy.InPlace) _inPlace.Remove(copy.Folder);
        else _locks!.Release(copy.Hash);
    }

    /// <summary>Deletes the entries that no process uses, except the last ones that were used within a week.</summary>
    public void Clean()
    {
        if (_root is null || !Directory.Exists(_root)) return;
        try
        {
            // Another process that is just cleaning does it for this one too.
            using var folder = _locks!.Enter(TimeSpan.Zero);
            var kept = 0;
            foreach (var hash in _locks.Entries.ToArray())
            {
                _locks.TryAlone(hash, used =>
                {
                    DeleteHalves(hash);
                    if (DateTime.UtcNow - used < Unused && ++kept <= MostUnused) return false;
                    if (Directory.Exists(Path.Combine(_root, hash))) Directory.Delete(Path.Combine(_root, hash), recursive: true);
                    return true;
                });
            }
            DeleteStrays();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process has changed the folder meanwhile; the next cleaning finds the rest.
        }
    }

    /// <summary>SHA-256 over all names and contents, in an order that does not depend on the file system: 64 hex digits.</summary>
    public static string Hash(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in PluginFiles.In(folder))
        {
            using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            file.Read(content.AppendData);
            hash.AppendData(Encoding.UTF8.GetBytes(file.Name.Replace('\\', '/') + '\0'));
            hash.AppendData(content.GetHashAndReset());
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static bool HasNativeLibrary(string folder) =>
        PluginFiles.In(folder).Any(file => ImageFile.IsNative(file.Path));

    /// <summary>The folder itself. Code that runs from there must not change, so another content of the same folder is refused.</summary>
    private PluginCopy InPlace(string folder, string hash)
    {
        if (_inPlace.TryGetValue(folder, out var running) && running != hash)
        {
            throw new PluginException(
                $"the plugin folder {folder} has changed, but the host runs this plugin from there and cannot swap it. " +
                "Restart the host, or let CACHE_DIRECTORY name a folder for copies");
        }
        _inPlace[folder] = hash;
        if (_logger is not null && !_said)
        {
            if (_root is null) PluginLog.NoCopies(_logger, _refusals);
            else PluginLog.NoNativeCopies(_logger, _refusals);
        }
        _said = true;
        return new(folder, hash, InPlace: true);
    }

    /// <summary>
    /// Tells whether an entry still has the content of its name. A link in it, for example, was added by another program.
    /// </summary>
    private static bool IsWhole(string entry, string hash)
    {
        try
        {
            return Hash(entry) == hash;
        }
        catch (PluginException)
        {
            return false;
        }
    }

    private void Fill(string folder, string entry, string hash)
    {
        var copy = NewName(hash);
        try
        {
            CacheFolder.CreatePrivate(copy);
            foreach (var file in PluginFiles.In(folder))
            {
                var target = Path.Combine(copy, file.Name);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                file.CopyTo(target);
            }
            if (Hash(copy) != hash) throw PluginFile.Changing(folder);
            if (!Directory.Exists(entry)) Directory.Move(copy, entry);
        }
        catch (IOException) when (Directory.Exists(entry))
        {
            // Another process has made it meanwhile.
        }
        finally
        {
            if (Directory.Exists(copy)) Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>
    /// Names a folder that is not an entry yet, or no longer. The name contains the entry's, because the entry's lock protects this folder
    /// too.
    /// </summary>
    private string NewName(string hash) => Path.Combine(_root!, $".new-{hash}-{Guid.NewGuid():N}");

    private void DeleteHalves(string hash)
    {
        foreach (var half in Directory.EnumerateDirectories(_root!, $".new-{hash}-*")) Directory.Delete(half, recursive: true);
    }

    /// <summary>
    /// Deletes old files without a lock: probes of processes that were killed, and unfinished copies of earlier versions of the host.
    /// </summary>
    private void DeleteStrays()
    {
        foreach (var stray in new DirectoryInfo(_root!).EnumerateFileSystemInfos(".*"))
        {
            if (stray.Name.Length >= 64 || DateTime.UtcNow - stray.LastWriteTimeUtc <= Unused) continue;
            if (stray is DirectoryInfo folder) folder.Delete(recursive: true);
            else stray.Delete();
        }
    }
}

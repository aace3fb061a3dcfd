using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using SharedState;

namespace Acme.Items.Files;

/// <summary>The files of the collections. A commit is in them as a whole, or not at all, also after a power failure.</summary>
internal sealed class Folder : IDisposable
{
    private readonly string _path;
    private readonly FileStream _lock;

    private Folder(string path, FileStream held) => (_path, _lock) = (path, held);

    /// <summary>What <see cref="Open"/> would create.</summary>
    public static IReadOnlyList<StorageChange> Plan(string path)
    {
        if (File.Exists(path)) throw NotAFolder($"{path} is a file");
        return Directory.Exists(path) ? [] : [new() { Statement = $"the folder {path}" }];
    }

    /// <summary>Takes the folder for this process alone, until it is disposed of or the process ends, in whatever way.</summary>
    public static Folder Open(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotAFolder(e.Message, e);
        }
        try
        {
            return new(path, new FileStream(Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ItemServiceException(
                ItemServiceFault.Unavailable, $"the folder {path} is in use, or cannot be written to: {e.Message}", e);
        }
    }

    public void Dispose() => _lock.Dispose();

    private static ItemServiceException NotAFolder(string reason, Exception? cause = null) =>
        new(ItemServiceFault.Config, $"\"db_name\" must be a folder that can be written to: {reason}", cause) { ConfigKey = "db_name" };

    /// <summary>Reads all collections, after it has finished the commit that was interrupted, if one was.</summary>
    public ImmutableDictionary<CollectionKey, Collection> Read()
    {
        if (File.Exists(At("commit"))) Finish(File.ReadAllLines(At("commit")));
        foreach (var undecided in Directory.EnumerateFiles(_path, "*.new")) File.Delete(undecided);
        return Files().Select(ReadFile).ToImmutableDictionary(collection => collection.Key);
    }

    /// <summary>Writes the new content of collections beside the old one.</summary>
    public void Prepare(Collection[] changed)
    {
        foreach (var collection in changed) WriteNew(NameOf(collection.Key), collection.WriteTo);
        if (changed.Length == 1) return;
        WriteNew(
            "commit", list => list.Write(Encoding.UTF8.GetBytes(string.Join('\n', changed.Select(collection => NameOf(collection.Key))))));
        Sync();
    }

    /// <summary>Makes what was prepared the content: of one file by its renaming; of several by that of their list, which <see
    /// cref="Read"/> goes by after a crash.</summary>
    public void Decide(Collection[] changed)
    {
        if (changed.Length > 1)
        {
            Rename("commit");
            Sync();
        }
        Finish([.. changed.Select(collection => NameOf(collection.Key))]);
    }

    /// <summary>The epoch that was left with exactly these files; null if there is none: after a crash, or when somebody else changed,
    /// restored or removed a file. A copy of the whole folder has an epoch file too, but not the one that the epoch was written
    /// into.</summary>
    public string? TakeEpoch()
    {
        if (!File.Exists(At("epoch"))) return null;
        var (left, identity) = (File.ReadAllText(At("epoch")).Split(' '), FileIdentity.Of(At("epoch")));
        File.Delete(At("epoch"));
        Sync();
        return left.Length == 3 && left[1] == Hash() && left[2] == identity ? left[0] : null;
    }

    public void LeaveEpoch(string epoch)
    {
        WriteNew("epoch", file => file.Write(Encoding.UTF8.GetBytes($"{epoch} {Hash()} {FileIdentity.Of(At("epoch.new"))}")));
        Rename("epoch");
        Sync();
    }

    private void Finish(string[] names)
    {
        foreach (var name in names)
        {
            if (File.Exists(At(name + ".new"))) Rename(name);
        }
        Sync();
        if (!File.Exists(At("commit"))) return;
        // Gone for good before the next commit's files are there, which are not on this list.
        File.Delete(At("commit"));
        Sync();
    }

    private Collection ReadFile(string path)
    {
        try
        {
            var collection = Collection.Read(File.ReadAllBytes(path));
            return NameOf(collection.Key) == Path.GetFileName(path) ? collection
                : throw new JsonException($"it is the file of {collection.Key} and must be named {NameOf(collection.Key)}");
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new ItemServiceException(ItemServiceFault.Unusable, $"{path} is damaged: {e.Message}", e);
        }
    }

    private IEnumerable<string> Files() => Directory.EnumerateFiles(_path, "*.json").Order(StringComparer.Ordinal);

    private string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in Files()) hash.AppendData(SHA256.HashData(File.ReadAllBytes(path)));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private string At(string name) => Path.Combine(_path, name);

    private void Rename(string name) => File.Move(At(name + ".new"), At(name), overwrite: true);

    private void WriteNew(string name, Action<Stream> write)
    {
        using var file = new FileStream(At(name + ".new"), FileMode.Create, FileAccess.Write);
        write(file);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Brings new names onto the disk. Windows does that by itself.</summary>
    private void Sync()
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = OpenFolder(_path, 0);
        if (folder.IsInvalid) throw new IOException($"{_path} cannot be opened");
        RandomAccess.FlushToDisk(folder);
    }

    // Names may hold anything, and files' names may not; the hash tells apart what looks alike.
    private static string NameOf(CollectionKey key)
    {
        var readable = $"{key.App}-{key.Collection}".Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-').Take(40);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{key.App}\0{key.Collection}"));
        return $"{string.Concat(readable)}-{Convert.ToHexStringLower(hash)[..32]}.json";
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern SafeFileHandle OpenFolder([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}

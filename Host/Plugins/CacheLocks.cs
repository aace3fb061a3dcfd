using System.Diagnostics;

namespace SharedState.Host.Plugins;

/// <summary>
/// The locks of a cache folder. Each entry has a lock file, which a process holds, shared with others, as long as it uses the entry. A
/// process that holds it alone may delete the entry. The system releases the locks of a process that ends, in whatever way, so that no
/// stale lock can be left.
/// </summary>
/// <remarks>
/// A lock file is deleted with its entry. Without further care a process could open the file just before that, lock it after, and believe
/// in a lock that no other process can see. So both are done under one more lock, of the whole folder, which is held for milliseconds and
/// never deleted.
/// </remarks>
internal sealed class CacheLocks(string root)
{
    private const string Extension = ".lock";

    /// <summary>
    /// A process holds the folder's lock for milliseconds; one that was suspended meanwhile must not hold up a start for ever.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, FileStream> _held = []; // by the entry's hash

    /// <summary>The hashes of all entries that have a lock file, the last used first.</summary>
    public IEnumerable<string> Entries => Directory.EnumerateFiles(root, "*" + Extension).OrderByDescending(File.GetLastWriteTimeUtc)
        .Select(Path.GetFileNameWithoutExtension).Where(name => name!.Length == 64)!;

    /// <summary>Marks an entry as used by this process, from now on until <see cref="Release"/> or its end.</summary>
    public void Hold(string hash)
    {
        if (!_held.ContainsKey(hash))
        {
            using (Enter(Patience)) _held.Add(hash, new(FileOf(hash), FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read));
        }
        File.SetLastWriteTimeUtc(FileOf(hash), DateTime.UtcNow);
    }

    public void Release(string hash)
    {
        if (_held.Remove(hash, out var file)) file.Dispose();
    }

    /// <summary>
    /// Calls a function with the time of an entry's last use, while no process can use the entry. False if a process uses it.
    /// </summary>
    /// <param name="hash">The entry.</param>
    /// <param name="delete">Deletes the entry; true: its lock file is deleted too.</param>
    public bool TryAlone(string hash, Func<DateTime, bool> delete)
    {
        try
        {
            // On a network's file system only a file that may be written to can be locked for one process alone.
            using var alone = new FileStream(FileOf(hash), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            if (delete(File.GetLastWriteTimeUtc(FileOf(hash)))) File.Delete(FileOf(hash));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The lock of the whole folder.</summary>
    /// <exception cref="IOException">Another process held it all the time.</exception>
    public FileStream Enter(TimeSpan patience)
    {
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return new(Path.Combine(root, "cache" + Extension), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (Stopwatch.GetElapsedTime(begin) < patience)
            {
                Thread.Sleep(2); // the system has no lock for which a thread can wait with a deadline
            }
        }
    }

    private string FileOf(string hash) => Path.Combine(root, hash + Extension);
}

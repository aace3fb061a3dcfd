using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace SharedState.Items.Sqlite;

/// <summary>
/// The file beside a database that says who has it and how far it got. While it is open it keeps other hosts out; and it holds one line,
/// the store's id, its number of commits and the file's own identity, which tells a database that went back in time.
/// </summary>
/// <remarks>
/// The database holds the same two values, written with each commit; here they are written after it and not synced. A killed host leaves
/// this file at most one commit behind, a power failure some seconds behind: the database is never the one that is behind, unless it was
/// replaced by an older copy. A copy of the database alone has no such file; a copy of both has one with another file's identity. (A backup
/// should leave the file out all the same: content that is written into the existing file is not told from its own.)
/// </remarks>
internal sealed class StoreLock : IDisposable
{
    /// <summary>
    /// The lock files that this process holds or is about to, and the service that each is for. A plugin is loaded once in a process.
    /// </summary>
    private static readonly ConcurrentDictionary<string, string> _ours = new(StringComparer.Ordinal);

    private readonly FileStream _file;
    private readonly string? _identity;
    private readonly ILogger _logger;

    private StoreLock(FileStream file, ILogger logger)
    {
        _file = file;
        _identity = FileIdentity.Of(file.Name);
        _logger = logger;
    }

    public string Path => _file.Name;

    /// <summary>Takes the lock of one table of a database: services may share a file if their tables differ.</summary>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Unavailable"/>: another host has it. Not Unusable, because that host may be the one that this one
    /// replaces, about to end. <see cref="ItemServiceFault.Config"/>: another service of this host has it, for as long as it runs.
    /// <see cref="ItemServiceFault.Unusable"/>: the folder can't be written to.
    /// </exception>
    public static StoreLock Take(string databaseFile, string table, string service, ILogger logger)
    {
        // SQLite folds the case of a table's name, a file system may not.
        var path = $"{databaseFile}-{table.ToLowerInvariant()}-lock";
        if (!_ours.TryAdd(path, service)) throw TakenHere(databaseFile, table, service, _ours.GetValueOrDefault(path, service));
        try
        {
            return Open(path, databaseFile, table, logger);
        }
        catch
        {
            _ours.TryRemove(path, out _);
            throw;
        }
    }

    /// <summary>Finds out whether a table may be locked, without making a file; a later claim in this process finds it taken.</summary>
    /// <exception cref="ItemServiceException">As <see cref="Take"/>.</exception>
    public static IDisposable Claim(string databaseFile, string table, string service)
    {
        var path = $"{databaseFile}-{table.ToLowerInvariant()}-lock";
        if (!_ours.TryAdd(path, service)) throw TakenHere(databaseFile, table, service, _ours.GetValueOrDefault(path, service));
        var claim = new Claimed(path);
        try
        {
            if (File.Exists(path)) new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None, bufferSize: 0).Dispose();
            return claim;
        }
        catch (IOException e) when (IsTaken(e))
        {
            claim.Dispose();
            throw TakenElsewhere(path, databaseFile, table, e);
        }
        catch (UnauthorizedAccessException e)
        {
            claim.Dispose();
            throw NotWritable(path, e);
        }
    }

    private static StoreLock Open(string path, string databaseFile, string table, ILogger logger)
    {
        try
        {
            FileRights.CreateFolder(System.IO.Path.GetDirectoryName(path)!);
            return new StoreLock(FileRights.OpenAlone(path), logger);
        }
        catch (IOException e) when (IsTaken(e))
        {
            throw TakenElsewhere(path, databaseFile, table, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritable(path, e);
        }
    }

    private static ItemServiceException TakenElsewhere(string path, string databaseFile, string table, IOException cause) => new(
        ItemServiceFault.Unavailable,
        $"table {table} of {databaseFile} is open in another host, which holds {path}: end that one, or use another db_table or db_name",
        cause);

    private static ItemServiceException NotWritable(string path, Exception cause) => new(
        IsPassing(cause) ? ItemServiceFault.Unavailable : ItemServiceFault.Unusable,
        $"{path} can't be written: this program's user needs the right to write to the database's folder ({cause.Message})", cause);

    /// <summary>
    /// Whether the database, by what it says of itself, is the one that this file was last written for, and not behind it. A file from
    /// before identities were recorded has none, and is believed.
    /// </summary>
    public bool Confirms(string store, long commits)
    {
        Span<byte> line = stackalloc byte[128];
        var length = RandomAccess.Read(_file.SafeFileHandle, line, fileOffset: 0);
        var words = Encoding.ASCII.GetString(line[..length]).Split(' ', '\n');
        return words.Length >= 2
            && words[0] == store
            && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var recorded)
            && recorded <= commits
            && (words.Length < 4 || _identity is null || words[2] == _identity);
    }

    /// <summary>Writes how far the database got. A failure harms nothing now, so it is logged and no more.</summary>
    public void Record(string store, long commits)
    {
        try
        {
            // Of fixed length: each line overwrites the one before.
            RandomAccess.Write(_file.SafeFileHandle, Encoding.ASCII.GetBytes($"{store} {commits:d19} {_identity}\n"), fileOffset: 0);
        }
        catch (IOException e)
        {
            _logger.LockFileNotWritten(Path, e);
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        _ours.TryRemove(Path, out _);
    }

    /// <summary>What to say of a lock that this process has: to the service that has it itself, that it has not yet been closed.</summary>
    private static ItemServiceException TakenHere(string databaseFile, string table, string service, string holder) =>
        holder == service
            ? new(ItemServiceFault.Unavailable, $"table {table} of {databaseFile} is still open from before")
            : new(ItemServiceFault.Config, $"service {holder} has table {table} of {databaseFile} already: use another db_table or db_name")
            {
                ConfigKey = "db_table",
            };

    /// <summary>
    /// Whether the operating system says that somebody else has the file: EAGAIN of Linux, of macOS, or a sharing violation of Windows.
    /// </summary>
    private static bool IsTaken(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);

    /// <summary>The claim of a service that has looked, until all have.</summary>
    private sealed class Claimed(string path) : IDisposable
    {
        private int _ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0) _ours.TryRemove(path, out _);
        }
    }

    /// <summary>Whether time may help: no more descriptors (ENFILE, EMFILE), or a full disk (ENOSPC).</summary>
    private static bool IsPassing(Exception e) => e.HResult is 23 or 24 or 28;
}

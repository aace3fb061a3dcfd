using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SharedState.Items.Sqlite;

/// <summary>What an error of SQLite means to the host.</summary>
internal static class Faults
{
    /// <summary>Tells an error of a commit, a load or a listing. Nothing was applied: SQLite rolls back.</summary>
    public static ItemServiceException Of(SqliteException e, SqliteOptions options) => e.SqliteErrorCode switch
    {
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new(
            ItemServiceFault.Unavailable,
            $"{options.Name} was locked by another program for {options.BusySeconds} s: let that program end its transaction", e),
        raw.SQLITE_FULL => Full(options, e),
        raw.SQLITE_IOERR => new(ItemServiceFault.Unavailable, $"the disk of {options.Name} failed, or is full: {e.Message}", e),
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => new(
            ItemServiceFault.Unusable,
            $"{options.Name} is damaged or no SQLite database ({e.Message}): restore it from a backup, or use another db_name", e),
        raw.SQLITE_TOOBIG => new(ItemServiceFault.TooLarge, $"an item is too large for {options.Name}: {e.Message}", e),
        raw.SQLITE_CONSTRAINT or raw.SQLITE_MISMATCH => new(ItemServiceFault.Rejected, $"{options.Name} refuses an update: {e.Message}", e),
        _ => new(ItemServiceFault.Unavailable, $"{options.Name} can't be used: {e.Message}", e),
    };

    /// <summary>Tells an error at opening, where some have a cause that only the operator can remove.</summary>
    public static ItemServiceException AtOpening(SqliteException e, SqliteOptions options) =>
        e.SqliteErrorCode switch
        {
            raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => new(
                ItemServiceFault.Unusable,
                $"{options.Name} can't be opened for writing ({e.Message}): it must be a file, and this program's user needs the right to "
                    + "write to it "
                    + "and to its folder", e),
            _ => Of(e, options),
        };

    public static ItemServiceException Full(SqliteOptions options, Exception? e) =>
        new(ItemServiceFault.Unavailable, $"the disk of {options.Name} is full: make room on it", e);

    public static ItemServiceException Moved(ItemServiceFault fault, SqliteOptions options) =>
        new(
            fault,
            $"{options.Name} was deleted, moved or replaced while it was open, or its -wal was: put both back, or restart this host to use "
                + "what is there now");

    /// <summary>
    /// A commit that was cancelled before it began: not by another exception, which the host would take for an unknown outcome.
    /// </summary>
    public static ItemServiceException Cancelled(string name) =>
        new(ItemServiceFault.Unavailable, $"{name}: the commit was cancelled before it began");

    public static ItemServiceException Closed(string name) => new(ItemServiceFault.Unavailable, $"{name} was closed");
}

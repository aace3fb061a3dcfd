using Microsoft.Extensions.Logging;

namespace SharedState.Items.Sqlite;

/// <summary>What this plugin logs: events 3000 to 3099.</summary>
internal static partial class Log
{
    [LoggerMessage(3000, LogLevel.Information, "Service {Service}: opened table {Table} of {File} with SQLite {Version}")]
    public static partial void Opened(this ILogger logger, string service, string table, string file, string version);

    [LoggerMessage(
        3001, LogLevel.Warning, "SQLite {Version} is older than 3.51.3 and may damage a database in WAL mode; install a newer one")]
    public static partial void OldLibrary(this ILogger logger, string version);

    [LoggerMessage(3002, LogLevel.Warning,
        "{File} is not as this host left it (it was restored or copied, or {LockFile} is missing): clients of table {Table} get all anew")]
    public static partial void HistoryReplaced(this ILogger logger, string file, string lockFile, string table);

    [LoggerMessage(3003, LogLevel.Information, "Another program changed {App}/{Collection} in table {Table}: its clients get it anew")]
    public static partial void CollectionChanged(this ILogger logger, string app, string collection, string table);

    [LoggerMessage(3004, LogLevel.Warning,
        "{Count} rows of {App}/{Collection} in table {Table} hold no item (no text as their id, or data that is not JSON or no UTF-8) and "
            + "are left out"
    )]
    public static partial void RowsLeftOut(this ILogger logger, long count, string app, string collection, string table);

    [LoggerMessage(
        3005, LogLevel.Warning, "{LockFile} could not be written; should an older copy of the database be restored, it may not be noticed")]
    public static partial void LockFileNotWritten(this ILogger logger, string lockFile, Exception exception);

    [LoggerMessage(3010, LogLevel.Warning,
        "Other users of this computer may use {Paths}: they may read all items, or block each commit. " +
        "Close them with chmod: 600 for files, 700 for folders")]
    public static partial void OpenToOthers(this ILogger logger, string paths);

    [LoggerMessage(3007, LogLevel.Warning,
        "Table {Table} of {File} is of another program and is made ready ({Rows:N0} rows); its own columns and rows stay: {Statements}")]
    public static partial void Altering(this ILogger logger, string table, string file, long rows, string statements);

    [LoggerMessage(3008, LogLevel.Warning, "Table {Table} of {File} was made ready")]
    public static partial void Altered(this ILogger logger, string table, string file);

    [LoggerMessage(3006, LogLevel.Information, "Service {Service}: keeps its items in memory, until it ends")]
    public static partial void OpenedInMemory(this ILogger logger, string service);
}

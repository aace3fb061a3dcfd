using Microsoft.Extensions.Logging;

namespace SharedState.Items.MySql;

/// <summary>What this plugin logs: events 3100 to 3199.</summary>
internal static partial class Log
{
    [LoggerMessage(3100, LogLevel.Information, "Service {Service}: opened table {Table} of {Database}, {Version}")]
    public static partial void Opened(this ILogger logger, string service, string table, string database, string version);

    [LoggerMessage(3101, LogLevel.Warning,
        "{Database} answers before its log is on disk (innodb_flush_log_at_trx_commit is {Value}): updates that clients were told are "
            + "stored, of about the "
        + "last second, are lost if its {What}. Set it to 1")]
    public static partial void FlushesLate(this ILogger logger, string database, string value, string what);

    [LoggerMessage(3102, LogLevel.Warning,
        "{Database} writes a binary log and does not sync it at each commit (sync_binlog is {Value}): updates that clients were told are "
            + "stored may be rolled "
        + "back if its machine crashes or loses power, and replicas may have what it has not. Set it to 1")]
    public static partial void SyncsBinaryLogLate(this ILogger logger, string database, string value);

    [LoggerMessage(3103, LogLevel.Warning,
        "Table {Table} of {Database} is not the one that was left (it was restored, copied or altered): its clients get all anew")]
    public static partial void HistoryReplaced(this ILogger logger, string table, string database);

    [LoggerMessage(3104, LogLevel.Information, "Another program changed {App}/{Collection} in table {Table}: its clients get it anew")]
    public static partial void CollectionChanged(this ILogger logger, string app, string collection, string table);

    [LoggerMessage(3105, LogLevel.Warning,
        "{Count} rows of {App}/{Collection} in table {Table} hold no item (an empty id, or data that is not JSON) and are left out")]
    public static partial void RowsLeftOut(this ILogger logger, long count, string app, string collection, string table);

    [LoggerMessage(3106, LogLevel.Information, "Table {Table} of {Database}: {Statement}")]
    public static partial void Creating(this ILogger logger, string table, string database, string statement);

    [LoggerMessage(3111, LogLevel.Warning,
        "Table {Table} of {Database} is altered ({Rows:N0} rows, {MebiBytes:0.0} MiB), which may take a while: {Statement}")]
    public static partial void Altering(
        this ILogger logger, string table, string database, long rows, double mebiBytes, string statement);

    [LoggerMessage(3112, LogLevel.Warning, "Table {Table} of {Database} was altered in {Seconds:0.0} s, and all its rows are kept")]
    public static partial void Altered(this ILogger logger, string table, string database, double seconds);

    [LoggerMessage(
        3107, LogLevel.Warning, "The migration of table {Table} of {Database} that went on after its time failed: it is tried again")]
    public static partial void LateMigrationFailed(this ILogger logger, string table, string database, Exception exception);

    [LoggerMessage(3108, LogLevel.Warning,
        "The Redis that \"wakeup\" names for table {Table} of {Database} is away ({Reason}): commits of other hosts are noticed later, by "
            + "asking the database; "
        + "it is connected again when it is back")]
    public static partial void WakeupAway(this ILogger logger, string table, string database, string reason);

    [LoggerMessage(3109, LogLevel.Information, "The Redis that \"wakeup\" names for table {Table} of {Database} is back")]
    public static partial void WakeupBack(this ILogger logger, string table, string database);

    [LoggerMessage(3110, LogLevel.Warning, "Old commits in table {Table} of {Database} could not be removed: it is tried again")]
    public static partial void PruningFailed(this ILogger logger, string table, string database, Exception exception);
}

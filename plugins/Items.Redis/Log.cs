using Microsoft.Extensions.Logging;

namespace SharedState.Items.Redis;

/// <summary>What this plugin logs: events 3200 to 3299.</summary>
internal static partial class Log
{
    [LoggerMessage(3200, LogLevel.Information, "Service {Service}: opened table {Table} in {Server}, version {Version}, {Mode}")]
    public static partial void Opened(this ILogger logger, string service, string table, string server, string version, string mode);

    [LoggerMessage(3201, LogLevel.Warning, "{Server}: {Weakness}")]
    public static partial void Weak(this ILogger logger, string server, string weakness);

    [LoggerMessage(3202, LogLevel.Error,
        "{Server} no longer holds what this host saw stored in table {Table}: it was emptied, restored from an older copy, or failed over "
            + "to a replica that was behind. "
        + "{Lost} commits in {Buckets} of 64 buckets are missing, and lost; clients get all anew")]
    public static partial void HistoryReplaced(this ILogger logger, string server, string table, long lost, int buckets);

    [LoggerMessage(
        3203, LogLevel.Information, "Another host found the history of table {Table} in {Server} replaced: clients get all anew")]
    public static partial void EpochChanged(this ILogger logger, string table, string server);

    [LoggerMessage(
        3204, LogLevel.Warning,
        "{Count} fields of {App}/{Collection} in table {Table} hold no item (another program wrote them) and are left out")]
    public static partial void FieldsLeftOut(this ILogger logger, int count, string app, string collection, string table);

    [LoggerMessage(3205, LogLevel.Warning, "{Server}: the connection was lost ({Reason})")]
    public static partial void ConnectionLost(this ILogger logger, string server, string reason);

    [LoggerMessage(3206, LogLevel.Information, "{Server}: the connection is back")]
    public static partial void ConnectionBack(this ILogger logger, string server);

    [LoggerMessage(3207, LogLevel.Warning,
        "Table {Table} is not where it was left in {Server}: it failed over to a replica, or an older copy was restored and written to. "
        + "No commit that this host saw is missing; others may be. Clients get all anew")]
    public static partial void HistoryBranched(this ILogger logger, string table, string server);
}

using Microsoft.Extensions.Logging;

namespace Items.Postgres;

/// <summary>What the plugin says to the operator.</summary>
internal static partial class Log
{
    [LoggerMessage(
        1, LogLevel.Warning, "The PostgreSQL server has {Setting} off: what was acknowledged may be lost in a crash of its machine.")]
    public static partial void NotDurable(ILogger logger, string setting);

    [LoggerMessage(
        2,
        LogLevel.Warning,
        "The database of schema {Schema} was restored, copied or failed over: revisions begin a new epoch, and clients get whole "
            + "collections."
    )]
    public static partial void NewEpoch(ILogger logger, string schema);

    [LoggerMessage(3, LogLevel.Warning, "Old commits and removals could not be cleaned up, and will be later: {Reason}")]
    public static partial void NotCleaned(ILogger logger, string reason);

    [LoggerMessage(5, LogLevel.Warning, "Schema {Schema} is altered: {Statement}")]
    public static partial void Altering(ILogger logger, string schema, string statement);

    [LoggerMessage(6, LogLevel.Warning, "Schema {Schema} was altered, and all that it holds is kept.")]
    public static partial void Altered(ILogger logger, string schema);

    [LoggerMessage(4, LogLevel.Debug, "Other hosts could not be told of a commit at once, and find it a little later: {Reason}")]
    public static partial void NotRung(ILogger logger, string reason);
}

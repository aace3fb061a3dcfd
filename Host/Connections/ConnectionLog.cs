namespace SharedState.Host.Connections;

/// <summary>The log messages of connections.</summary>
internal static partial class ConnectionLog
{
    [LoggerMessage(2000, LogLevel.Error, "A connection failed")]
    public static partial void Failed(ILogger logger, Exception exception);

    [LoggerMessage(2001, LogLevel.Information, "A connection was closed: nothing could be written to it for {Time}")]
    public static partial void Stalled(ILogger logger, TimeSpan time);

    [LoggerMessage(2002, LogLevel.Debug, "A connection was closed: nothing came from it for {Time}")]
    public static partial void Silent(ILogger logger, TimeSpan time);

    [LoggerMessage(2003, LogLevel.Warning, "A connection was refused: {Limit} are open, the limit of {Name}")]
    public static partial void TooMany(ILogger logger, int limit, string name);

    [LoggerMessage(2005, LogLevel.Warning, "{Count} connections did not end in time and were cut")]
    public static partial void Cut(ILogger logger, int count);

    [LoggerMessage(2007, LogLevel.Warning, "A request was refused: the memory, or a connection's share of it, is used up ({Bytes} bytes); "
        + "raise service.limits.memory_bytes if the machine has more")]
    public static partial void NoMemory(ILogger logger, long bytes);

    [LoggerMessage(2008, LogLevel.Information,
        "A connection was cut: its rights changed {Time} ago, and could not be reviewed since, because its client does not read")]
    public static partial void NotReviewed(ILogger logger, TimeSpan time);

    [LoggerMessage(2006, LogLevel.Information, "A connection was closed with {Code}: {Reason}")]
    public static partial void Ended(ILogger logger, CloseCode code, string reason);
}

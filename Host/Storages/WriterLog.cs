namespace SharedState.Host.Storages;

/// <summary>The log messages of services.</summary>
internal static partial class WriterLog
{
    /// <summary>A key in the data of an exception: its cause is an exception that the plugin should not have thrown.</summary>
    public const string UnexpectedKey = "SharedState.Unexpected";

    /// <summary>A failure as one line: its message, and the message of its cause if that adds information.</summary>
    public static string Reason(ItemServiceException failure) =>
        failure.InnerException is { } cause && StorageFault.Line(cause) is var line
            && !failure.Message.Contains(line, StringComparison.Ordinal)
            ? $"{failure.Message} ({line})"
            : failure.Message;

    /// <summary>The exception to log with a failure's line, or null for a fault that the plugin foresaw, because the line is
    /// sufficient.</summary>
    public static Exception? Trace(ItemServiceException failure) => failure.Data.Contains(UnexpectedKey) ? failure.InnerException : null;

    [LoggerMessage(2100, LogLevel.Error, "Service {Service} does not start: {Reason}")]
    public static partial void Refused(ILogger logger, string service, string reason, Exception? cause);

    [LoggerMessage(2101, LogLevel.Warning, "Service {Service} is not open yet, and is tried again: {Reason}")]
    public static partial void NotOpen(ILogger logger, string service, string reason, Exception? cause);

    [LoggerMessage(2108, LogLevel.Debug, "Service {Service} is still not open: {Reason}")]
    public static partial void StillNotOpen(ILogger logger, string service, string reason);

    [LoggerMessage(2102, LogLevel.Information, "Service {Service} is open after {Attempts} attempts")]
    public static partial void OpenAtLast(ILogger logger, string service, int attempts);

    [LoggerMessage(
        2113,
        LogLevel.Error,
        "Service {Service}: what was to replace its plugin failed ({Failure}), and the old one does not open again, which is tried until "
            + "it does: {Reason}"
    )]
    public static partial void NotOpenAgain(ILogger logger, string service, string failure, string reason, Exception? cause);

    [LoggerMessage(2103, LogLevel.Error, "Service {Service}: a commit of {Count} updates failed ({Fault}): {Reason}")]
    public static partial void CommitFailed(
        ILogger logger, string service, int count, ItemServiceFault fault, string reason, Exception? cause);

    [LoggerMessage(2104, LogLevel.Error, "Service {Service}: a collection could not be read: {Reason}")]
    public static partial void LoadFailed(ILogger logger, string service, string reason, Exception? cause);

    [LoggerMessage(2105, LogLevel.Error, "Service {Service}: collections could not be listed: {Reason}")]
    public static partial void ListFailed(ILogger logger, string service, string reason, Exception? cause);

    [LoggerMessage(2119, LogLevel.Information, "Service {Service} has heard of other hosts again")]
    public static partial void FeedHeard(ILogger logger, string service);

    [LoggerMessage(2120, LogLevel.Information, "Service {Service}: a collection was read for which there had been no memory")]
    public static partial void MemoryAgain(ILogger logger, string service);

    [LoggerMessage(2117, LogLevel.Information, "Service {Service}: updates are stored again, after {Seconds:0.0} seconds")]
    public static partial void CommitsAgain(ILogger logger, string service, double seconds);

    [LoggerMessage(2118, LogLevel.Information, "Service {Service}: the storage can be read again, after {Seconds:0.0} seconds")]
    public static partial void ReadsAgain(ILogger logger, string service, double seconds);

    [LoggerMessage(2106, LogLevel.Warning, "Service {Service}: the plugin did not close cleanly")]
    public static partial void CloseFailed(ILogger logger, string service, Exception exception);

    [LoggerMessage(
        2109, LogLevel.Warning,
        "Service {Service} does not hear what other hosts commit, and tries again; what is in memory is served as it is: {Reason}")]
    public static partial void FeedLost(ILogger logger, string service, string reason, Exception? cause);

    [LoggerMessage(2110, LogLevel.Information, "Service {Service} hears again what other hosts commit")]
    public static partial void FeedBack(ILogger logger, string service);

    [LoggerMessage(
        2111,
        LogLevel.Warning,
        "Service {Service} has heard nothing of other hosts for {Seconds} seconds, as when this host was suspended: it asks what it missed "
            + "before it serves"
    )]
    public static partial void FeedSilent(ILogger logger, string service, double seconds);

    [LoggerMessage(2112, LogLevel.Error, "Service {Service}: what other hosts committed could not be read: {Reason}")]
    public static partial void FeedFailed(ILogger logger, string service, string reason, Exception? cause);

    [LoggerMessage(
        2116,
        LogLevel.Warning,
        "Service {Service}: a collection was not read, because collections in use fill the memory for them ({Bytes} bytes); "
            + "raise service.limits.memory_bytes if the machine has more"
    )]
    public static partial void NoMemory(ILogger logger, string service, long bytes);

    [LoggerMessage(
        2115, LogLevel.Warning, "Service {Service}: emptied collections could not be forgotten, which is tried again later: {Reason}")]
    public static partial void ForgetFailed(ILogger logger, string service, string reason, Exception? cause);

    [LoggerMessage(2130, LogLevel.Warning, "Service {Service}: the plugin asks for a new instance: {Reason}")]
    public static partial void Renewing(ILogger logger, string service, string reason);

    [LoggerMessage(2131, LogLevel.Information, "Service {Service} has a new instance of its plugin")]
    public static partial void Renewed(ILogger logger, string service);

    [LoggerMessage(2132, LogLevel.Error, "Service {Service}: a new instance of its plugin could not be used at once: {Reason}")]
    public static partial void NotRenewed(ILogger logger, string service, string reason, Exception? cause);

    [LoggerMessage(
        2140, LogLevel.Error,
        "Service {Service}: the storage loses the white space behind items, in which their lifetimes are marked, so items with a lifetime "
            + "may stay for good; it must store the bytes of an item, in a column for bytes or text instead of one for JSON")]
    public static partial void WhiteSpaceLost(ILogger logger, string service);

    [LoggerMessage(
        2114, LogLevel.Critical,
        "Service {Service}: a request failed for a reason that is a defect of the server; its collection is read again")]
    public static partial void CollectionFailed(ILogger logger, string service, Exception exception);

    [LoggerMessage(
        2107, LogLevel.Critical,
        "Service {Service}: a step failed for a reason that is a defect of the server; all collections of the service are read again")]
    public static partial void Failed(ILogger logger, string service, Exception exception);
}

namespace SharedState.Host.Changes;

/// <summary>What the host says when it is changed while it runs: ids 1200-1299.</summary>
internal static partial class ChangeLog
{
    [LoggerMessage(1200, LogLevel.Information, "{File} was read again: {Changes}")]
    public static partial void Changed(ILogger logger, string file, string changes);

    [LoggerMessage(1201, LogLevel.Information, "{File} was read again: there is nothing to change")]
    public static partial void Unchanged(ILogger logger, string file);

    [LoggerMessage(1202, LogLevel.Error, "{File} was changed and can't be used ({Count} to mend); nothing is changed, and all goes on as it was:")]
    public static partial void Mistaken(ILogger logger, string file, int count);

    [LoggerMessage(1203, LogLevel.Error, "{Mistake}")]
    public static partial void Mistake(ILogger logger, string mistake);

    [LoggerMessage(1204, LogLevel.Warning, "{Fields} changed: that needs a restart, and until then the host goes on with what it was started with")]
    public static partial void NeedsRestart(ILogger logger, string fields);

    [LoggerMessage(1205, LogLevel.Error,
        "{Services}: as before, with {Plugin}; the change failed, and is tried again when something is changed, or on SIGHUP: {Reason}")]
    public static partial void Kept(ILogger logger, string services, string plugin, string reason);

    [LoggerMessage(1206, LogLevel.Warning, "{Services}: {Plugin} goes on as it is loaded, but a start would not find it: {Reason}")]
    public static partial void PluginGone(ILogger logger, string services, string plugin, string reason);

    [LoggerMessage(1210, LogLevel.Information,
        "Plugin {Name} {Before} -> {After} ({Hash}): swapped in {Services}; updates waited {Milliseconds} ms, {Changed} collections differed. " +
        "What was loaded stays: now {Versions} versions of it, of which those out of use are {Left} of files")]
    public static partial void Swapped(
        ILogger logger, string name, string before, string after, string hash, string services, long milliseconds, int changed, int versions, string left);

    [LoggerMessage(1220, LogLevel.Critical, "The host could not look for changes, and tries again")]
    public static partial void Failed(ILogger logger, Exception exception);
}

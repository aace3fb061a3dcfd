namespace SharedState.Host.Changes;

/// <summary>The log messages about changes at run time: ids 1200-1299.</summary>
internal static partial class ChangeLog
{
    [LoggerMessage(1200, LogLevel.Information, "{File} was read again: {Changes}")]
    public static partial void Changed(ILogger logger, string file, string changes);

    [LoggerMessage(1201, LogLevel.Information, "{File} was read again: there is nothing to change")]
    public static partial void Unchanged(ILogger logger, string file);

    [LoggerMessage(1202, LogLevel.Error, "{File} was changed and cannot be used (mistakes: {Count}); everything continues unchanged:")]
    public static partial void Mistaken(ILogger logger, string file, int count);

    [LoggerMessage(1203, LogLevel.Error, "{Mistake}")]
    public static partial void Mistake(ILogger logger, string mistake);

    [LoggerMessage(
        1204, LogLevel.Warning,
        "{Fields} changed: this takes effect at the next start, and until then the host keeps the previous settings")]
    public static partial void NeedsRestart(ILogger logger, string fields);

    [LoggerMessage(1205, LogLevel.Error,
        "{Services}: as before, with {Plugin}; the change failed and is tried again after the next change, or on SIGHUP: {Reason}")]
    public static partial void Kept(ILogger logger, string services, string plugin, string reason);

    [LoggerMessage(1206, LogLevel.Warning, "{Services}: {Plugin} stays loaded, but a start would not find it: {Reason}")]
    public static partial void PluginGone(ILogger logger, string services, string plugin, string reason);

    [LoggerMessage(1207, LogLevel.Warning,
        "Service {Service} was removed or renamed, and {Items} items that it kept in memory are gone: they belonged to that name")]
    public static partial void ItemsGone(ILogger logger, string service, long items);

    [LoggerMessage(1208, LogLevel.Information, "No longer so: {Troubles}")]
    public static partial void Over(ILogger logger, string troubles);

    [LoggerMessage(1210, LogLevel.Information,
        "Plugin {Name} {Before} -> {After} ({Hash}): swapped in {Services}; updates waited {Milliseconds} ms, " +
        "{Changed} collections differed. {Versions} versions of it are loaded now; the files of those out of use have {Left}")]
    public static partial void Swapped(
        ILogger logger, string name, string before, string after, string hash, string services, long milliseconds, int changed,
        int versions, string left);

    [LoggerMessage(1219, LogLevel.Warning,
        "The configuration and the plugin folders could not be read within {Seconds} s: changes are noticed again when their disk answers")]
    public static partial void Late(ILogger logger, double seconds);

    [LoggerMessage(1220, LogLevel.Critical, "The host could not check for changes, and tries again")]
    public static partial void Failed(ILogger logger, Exception exception);
}

namespace SharedState.Host.Plugins;

/// <summary>What the host says about the places of plugins: ids 1110-1119.</summary>
internal static partial class PluginLog
{
    [LoggerMessage(1110, LogLevel.Warning,
        "Plugins are loaded from their own folders and cannot be swapped while the host runs, because no folder can take copies of them: " +
        "{Refusals}. To change that, let CACHE_DIRECTORY name a folder to which this user may write")]
    public static partial void NoCopies(ILogger logger, string refusals);

    [LoggerMessage(1111, LogLevel.Warning,
        "Plugins with native libraries are loaded from their own folders and cannot be swapped while the host runs, "
            + "because libraries may not run from any folder for copies: {Refusals}. To change that, let CACHE_DIRECTORY name a folder "
            + "that is not mounted with noexec"
    )]
    public static partial void NoNativeCopies(ILogger logger, string refusals);

    [LoggerMessage(1112, LogLevel.Information, "Plugins are copied to {Folder}, which is gone when the host ends: {Refusals}")]
    public static partial void PrivateCopies(ILogger logger, string folder, string refusals);

    [LoggerMessage(1113, LogLevel.Warning, "Other users could change the copies of plugins, so these go to {Folder}: {Refusals}")]
    public static partial void UnsafeFolder(ILogger logger, string folder, string refusals);
}

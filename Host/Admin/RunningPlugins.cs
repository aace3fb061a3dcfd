using SharedState.Host.Changes;
using SharedState.Host.Configuration;
using SharedState.Host.Listing;
using SharedState.Host.Plugins;

namespace SharedState.Host.Admin;

/// <summary>The list of plugins with what the running host knows of them and of its services.</summary>
internal static class RunningPlugins
{
    public static PluginList List(Installation installation, ServiceSet services, SwapCounts swaps) => PluginList.Make(
        PluginFolders.Scan(installation.Plugins.Standard, installation.Config.PluginFolders), // as they are now
        installation.Config.Pins,
        installation.Plans,
        [.. services.Services.Select(List)],
        [.. services.Setups.Select(service => service.Plugin).OfType<Plugin>().Distinct().Select(plugin => List(plugin, swaps.Plugins.GetValueOrDefault(plugin.Manifest.Name)))]);

    private static ListedService List(RunningService service)
    {
        var (setup, writer) = (service.Setup, service.Writer);
        var refusal = setup.Refusal ?? (writer?.Refusal is { } late ? setup.Explain(late) : null);
        return refusal is not null ? new(service.Name, "refused", refusal)
            : writer?.Obstacle is { } obstacle ? new(service.Name, "not_open", setup.Explain(obstacle))
            : service.Failure is { } failure ? new(service.Name, "kept", failure)
            : new(service.Name, "running", null);
    }

    private static LoadedPlugin List(Plugin plugin, SwapCount? count) => new(
        plugin.Manifest.Folder, plugin.Manifest.Name, plugin.Manifest.Version, plugin.ContentHash, count?.Swaps ?? 0, count?.LeftBytes ?? 0);
}

using SharedState.Host.Changes;
using SharedState.Host.Collections;
using SharedState.Host.Configuration;
using SharedState.Host.Listing;
using SharedState.Host.Plugins;

namespace SharedState.Host.Admin;

/// <summary>The list of plugins with what the running host knows of them and of its services.</summary>
internal static class RunningPlugins
{
    /// <param name="installation">What the services are those of.</param>
    /// <param name="services">The services.</param>
    /// <param name="plugins">What is loaded.</param>
    /// <param name="swaps">What was swapped.</param>
    public static PluginList List(Installation installation, ServiceSet services, PluginHost plugins, SwapCounts swaps) => PluginList.Make(
        PluginFolders.Scan(installation.Plugins.Standard, installation.Config.PluginFolders), // as they are now
        installation.Config.Pins,
        installation.Plans,
        [.. services.Setups.Select(service => List(service, services.Catalog.Find(service.Name)))],
        [.. plugins.Versions.Where(services.Uses).Select(plugin => List(plugin, swaps))]);

    private static LoadedPlugin List(Plugin plugin, SwapCounts swaps)
    {
        var (manifest, count) = (plugin.Manifest, swaps.Plugins.GetValueOrDefault(plugin.Manifest.Name));
        return new(manifest.Folder, manifest.Name, manifest.Version, plugin.ContentHash, count?.Swaps ?? 0, count?.LeftBytes);
    }

    private static ListedService List(ServiceSetup service, ServiceWriter? writer)
    {
        var refusal = service.Refusal ?? (writer?.Refusal is { } late ? service.Explain(late) : null);
        return refusal is not null ? new(service.Name, "refused", refusal)
            : writer?.Obstacle is { } obstacle ? new(service.Name, "not_open", service.Explain(obstacle))
            : new(service.Name, "running", null);
    }
}

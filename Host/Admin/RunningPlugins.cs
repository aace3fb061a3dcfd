using SharedState.Host.Collections;
using SharedState.Host.Configuration;
using SharedState.Host.Listing;
using SharedState.Host.Plugins;

namespace SharedState.Host.Admin;

/// <summary>The list of plugins with what the running host knows of them and of its services.</summary>
internal static class RunningPlugins
{
    public static PluginList List(Installation installation, IReadOnlyList<ServiceSetup> services, ServiceCatalog catalog, PluginHost plugins) => PluginList.Make(
        PluginFolders.Scan(installation.Plugins.Standard, installation.Config.PluginFolders), // as they are now
        installation.Config.Pins,
        installation.Plans,
        [.. services.Select(service => List(service, catalog.Find(service.Name)))],
        [.. plugins.Loaded.Select(plugin => new LoadedPlugin(plugin.Manifest.Folder, plugin.Manifest.Name, plugin.Manifest.Version, plugin.ContentHash, 0, null))]);

    private static ListedService List(ServiceSetup service, ServiceWriter? writer)
    {
        var refusal = service.Refusal ?? (writer?.Refusal is { } late ? service.Explain(late) : null);
        return refusal is not null ? new(service.Name, "refused", refusal)
            : writer?.Obstacle is { } obstacle ? new(service.Name, "not_open", service.Explain(obstacle))
            : new(service.Name, "running", null);
    }
}

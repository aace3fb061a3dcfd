using SharedState.Host.Changes;
using SharedState.Host.Listing;
using SharedState.Host.Plugins;
using SharedState.Host.Services;

namespace SharedState.Host.Admin;

/// <summary>The list of plugins, with the state of the running host's plugins and services.</summary>
internal static class RunningPlugins
{
    public static PluginList List(Installation installation, ServiceSet services, SwapCounts swaps)
    {
        var (standard, config) = (installation.Plugins.Standard, installation.Config);
        var present = PluginFolders.Scan(standard, config.PluginFolders, config.Pins);
        var loaded = services.Services.Select(service => service.Plan.Plugin).OfType<Plugin>().Distinct();
        return PluginList.Make(
            present,
            config.Pins,
            installation.Plans,
            [.. services.Services.Select(List)],
            [.. loaded.Select(plugin => List(plugin, swaps.Plugins.GetValueOrDefault(plugin.Manifest.Name)))]);
    }

    private static ListedService List(RunningService service)
    {
        var (plan, writer) = (service.Plan, service.Writer);
        var refusal = service.Refusal ?? (writer?.Refusal is { } late ? plan.Explain(late) : null);
        return refusal is not null ? new(service.Name, "refused", refusal)
            : writer?.Obstacle is { } obstacle ? new(service.Name, "not_open", plan.Explain(obstacle))
            : writer?.Trouble is { } trouble ? new(service.Name, "away", plan.Explain(trouble))
            : service.Failure is { } failure ? new(service.Name, "kept", failure)
            : new(service.Name, "running", null);
    }

    private static LoadedPlugin List(Plugin plugin, SwapCount? count)
    {
        var manifest = plugin.Manifest;
        return new(manifest.Folder, manifest.Name, manifest.Version, plugin.ContentHash, count?.Swaps ?? 0, count?.LeftBytes ?? 0);
    }
}

using SharedState.Host.Configuration;

namespace SharedState.Host.Plugins;

/// <summary>The plugins that services use, each loaded once.</summary>
internal sealed class PluginHost(PluginCache cache, ILoggerFactory loggers)
{
    private readonly Dictionary<string, Plugin> _plugins = [];

    /// <summary>What is loaded.</summary>
    public IReadOnlyCollection<Plugin> Loaded => _plugins.Values;

    /// <summary>Loads what a planned service needs. A plugin that cannot be used makes a refused service, not an exception.</summary>
    public ServiceSetup Set(ServicePlan plan)
    {
        if (plan.Plugin is not { } manifest) return ServiceSetup.Refused(plan, plan.Refusal, loggers);
        try
        {
            if (!_plugins.TryGetValue(manifest.Folder, out var plugin))
            {
                var copy = cache.Copy(manifest.Folder);
                plan.Pins.Check(manifest, Path.GetFileName(copy));
                _plugins.Add(manifest.Folder, plugin = Plugin.Load(manifest, copy));
            }
            return ServiceSetup.Ready(plan, plugin, loggers);
        }
        catch (PluginException e)
        {
            return ServiceSetup.Refused(plan, e.Message, loggers);
        }
    }
}

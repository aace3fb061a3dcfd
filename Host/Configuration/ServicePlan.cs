using SharedState.Host.Plugins;

namespace SharedState.Host.Configuration;

/// <summary>A configured service and the plugin that is for it; or why there is none, and then only this service does not run.</summary>
internal sealed record ServicePlan(ServiceConfig Service, PluginManifest? Plugin, string Refusal)
{
    /// <summary>The content that the plugin may have.</summary>
    public PluginPins Pins { get; private init; } = PluginPins.None;

    /// <summary>What the service goes on with, though its folder does not offer it any more, for which <see cref="Refusal"/> says why; else null.</summary>
    public Plugin? Kept { get; private init; }

    /// <summary>The service's values as the plugin gets them: those of the file, and the manifest's defaults for the rest.</summary>
    public IReadOnlyDictionary<string, string> Values
    {
        get
        {
            var values = Service.Entries.Where(entry => entry.HasValue).ToDictionary(entry => entry.Key, entry => entry.Node.Text);
            foreach (var key in Plugin?.Config ?? [])
            {
                if (key.Default is not null) values.TryAdd(key.Name, key.Default);
            }
            return values;
        }
    }

    /// <summary>Finds each service's plugin and has its <c>config</c> checked. An unknown module is a mistake in the file.</summary>
    /// <param name="config">The file.</param>
    /// <param name="plugins">What is installed.</param>
    /// <param name="loaded">What a service runs on, if it would be for what the service is now: used where nothing that is installed is for it.</param>
    public static IReadOnlyList<ServicePlan> Make(HostConfig config, PluginFolders plugins, Func<ServiceConfig, Plugin?>? loaded = null)
    {
        var plans = new List<ServicePlan>();
        foreach (var service in config.Services)
        {
            var plugin = plugins.Find(service, out var why);
            if (plugin is null && loaded?.Invoke(service) is { } kept)
            {
                kept.Manifest.Check(service);
                plans.Add(new(service, kept.Manifest, why) { Kept = kept, Pins = config.Pins });
                continue;
            }
            if (!plugins.Modules.Contains(service.Module))
            {
                config.File.Add(service.ModuleNode, plugins.Modules.Count == 0
                    ? $"no plugin is installed; put one into a folder of its own in {plugins.Standard}"
                    : $"unknown module {(JsonFile.IsReference(service.ModuleNode) ? "in what it refers to" : $"\"{service.Module}\"")}; installed are {string.Join(", ", plugins.Modules)}");
                continue;
            }
            plugin?.Check(service);
            plans.Add(new(service, plugin, why) { Pins = config.Pins });
        }
        return plans;
    }
}

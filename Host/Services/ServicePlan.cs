using SharedState.Host.Configuration;
using SharedState.Host.Diagnostics;
using SharedState.Host.JsonFiles;
using SharedState.Host.Plugins;
using SharedState.Host.Storages;

namespace SharedState.Host.Services;

/// <summary>
/// A configured service: its entry of the file and the plugin for it, or the reason why it does not run. <see cref="Make"/> chooses the
/// plugin by its manifest, <see cref="Load"/> loads it.
/// </summary>
/// <param name="Config">The entry of the file, with its secrets.</param>
/// <param name="Manifest">The manifest of the plugin; null if no plugin is for the service.</param>
internal sealed record ServicePlan(ServiceConfig Config, PluginManifest? Manifest)
{
    /// <summary>The second segment of the paths of its collections.</summary>
    public string Name => Config.Name;

    /// <summary>Name and version of the plugin; null if no plugin is for the service.</summary>
    public string? PluginTitle => Manifest?.Title;

    /// <summary>The reason why the service does not run, as one sentence for the operator; null if it may be opened.</summary>
    public string? Refusal { get; private init; }

    /// <summary>The loaded plugin on which the service continues although no folder offers it any more; null in the usual case.</summary>
    public Plugin? Kept { get; private init; }

    /// <summary>The reason why no folder offers the plugin <see cref="Kept"/>; null in the usual case.</summary>
    public string? Missing { get; private init; }

    /// <summary>The loaded plugin; null before <see cref="Load"/>, and if the service does not run.</summary>
    public Plugin? Plugin { get; private init; }

    /// <summary>The source of the service's plugin instances; null as long as <see cref="Plugin"/> is.</summary>
    public StorageSource? Source { get; private init; }

    /// <summary>The values for the plugin: those of the file, and the defaults of the manifest for the rest.</summary>
    public IReadOnlyDictionary<string, string> Values
    {
        get
        {
            var values = Config.Entries
                .Where(entry => entry.HasValue && entry.Key != ServiceConfig.MigrateKey)
                .ToDictionary(entry => entry.Key, entry => entry.Node.Text);
            foreach (var key in Manifest?.Config ?? [])
            {
                if (key.Default is not null) values.TryAdd(key.Name, key.Default);
            }
            return values;
        }
    }

    private PluginPins Pins { get; init; } = PluginPins.None;

    /// <summary>Chooses the plugin of each service and checks its <c>config</c>. An unknown module is a mistake in the file.</summary>
    /// <param name="config">The file.</param>
    /// <param name="plugins">The installed plugins.</param>
    /// <param name="loaded">
    /// For a running host: the plugin on which a service runs, if it is still for the service's entry. Used if no installed plugin is.
    /// </param>
    public static IReadOnlyList<ServicePlan> Make(HostConfig config, PluginFolders plugins, Func<ServiceConfig, Plugin?>? loaded = null)
    {
        var plans = new List<ServicePlan>();
        foreach (var service in config.Services)
        {
            var manifest = plugins.Find(service.Module, service.DbType, out var why);
            var kept = manifest is null ? loaded?.Invoke(service) : null;
            if (kept is null && !plugins.Modules.Contains(service.Module))
            {
                config.File.Add(service.ModuleNode, UnknownModule(service, plugins));
                continue;
            }
            manifest ??= kept?.Manifest;
            if (manifest is not null) service.Check(manifest);
            plans.Add(new(service, manifest)
            {
                Refusal = manifest is null ? service.Redact(why) : null,
                Kept = kept,
                Missing = kept is null ? null : why,
                Pins = config.Pins,
            });
        }
        return plans;
    }

    /// <summary>The plan with its plugin loaded. If the plugin cannot be used, the result is a refused plan, not an exception.</summary>
    public ServicePlan Load(PluginHost plugins, ILoggerFactory loggers)
    {
        if (Manifest is null) return this;
        try
        {
            if (Kept is not null) Pins.Check(Manifest, Kept.ContentHash);
            var plugin = Kept ?? plugins.Load(Manifest, Pins);
            var (folder, logger) = (Config.BaseDirectory, Logger(loggers));
            var context = new ItemServiceContext { ServiceName = Name, Config = Values, BaseDirectory = folder, Logger = logger };
            return this with { Plugin = plugin, Source = new(plugin.Create, context) { MayAlter = Config.MayAlter } };
        }
        catch (PluginException e)
        {
            return Refuse(e.Message);
        }
    }

    /// <summary>The plan of a service that does not run, for the given reason.</summary>
    public ServicePlan Refuse(string why) => this with { Refusal = Config.Redact(why) };

    /// <summary>
    /// Whether a service with this plan needs no change for the other plan: both have the same plugin content, the same values and the same
    /// secrets.
    /// </summary>
    public bool IsLike(ServicePlan other) =>
        Plugin?.ContentHash == other.Plugin?.ContentHash && Refusal == other.Refusal && Config.MayAlter == other.Config.MayAlter
        && Config.Module == other.Config.Module && Config.BaseDirectory == other.Config.BaseDirectory
        && Values.ToHashSet().SetEquals(other.Values)
        && Config.SecretKeys.ToHashSet().SetEquals(other.Config.SecretKeys);

    /// <summary>
    /// The failure of a plugin instance as one sentence for the operator, with the place in the configuration if the plugin names a key.
    /// </summary>
    public string Explain(ItemServiceException failure)
    {
        var reason = WriterLog.Reason(failure);
        return Config.Redact(failure.Fault == ItemServiceFault.Config ? Config.At(failure.ConfigKey, reason) : reason);
    }

    private static string UnknownModule(ServiceConfig service, PluginFolders plugins)
    {
        if (plugins.Modules.Count == 0) return $"no plugin is installed; put one into a folder of its own in {plugins.Standard}";
        var name = JsonFile.IsReference(service.ModuleNode) ? "in what it refers to" : $"\"{service.Module}\"";
        return $"unknown module {name}; the installed plugins serve {string.Join(", ", plugins.Modules)}";
    }

    private ILogger Logger(ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger(LogText.Category(Name));
        return Config.HasSecrets ? new RedactedLogger(logger, Config.Redact) : logger;
    }
}

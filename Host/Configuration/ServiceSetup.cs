using SharedState.Host.Collections;
using SharedState.Host.Diagnostics;
using SharedState.Host.Plugins;

namespace SharedState.Host.Configuration;

/// <summary>One configured service, ready to be opened; or refused, with the reason.</summary>
internal sealed record ServiceSetup
{
    /// <summary>The second segment of its collections' paths.</summary>
    public required string Name { get; init; }

    /// <summary>The entry of the file, with its secrets.</summary>
    public required ServiceConfig Config { get; init; }

    /// <summary>The plugin that is loaded for it; null if none is, or it cannot be used.</summary>
    public Plugin? Plugin { get; init; }

    /// <summary>The plugin and its version; null if none is for this service.</summary>
    public string? PluginTitle { get; init; }

    /// <summary>Where the service stores, without secrets: <c>sqlite, data/items.db</c>.</summary>
    public string Storage { get; init; } = "";

    /// <summary>Why this service does not run, as one sentence for the operator; null if it may be opened.</summary>
    public string? Refusal { get; init; }

    /// <summary>Why this service is not open yet, as one sentence; null if it is, or will not be. It is tried again.</summary>
    public string? Obstacle { get; init; }

    /// <summary>What each instance is opened with.</summary>
    public required ItemServiceContext Context { get; init; }

    /// <summary>A new instance. Runs the plugin's constructor, which may block or throw: not on a thread that others wait for.</summary>
    public required Func<IItemService> Create { get; init; }

    /// <summary>Both together.</summary>
    public StorageSource Source => new(Create, Context);

    /// <summary>
    /// What went wrong when an instance was created or opened, as one sentence for the operator: with the place in the configuration, if
    /// the plugin says which key is wrong.
    /// </summary>
    public required Func<ItemServiceException, string> Explain { get; init; }

    public static ServiceSetup Ready(ServicePlan plan, Plugin plugin, ILoggerFactory loggers) =>
        Make(plan, plugin, plugin.Create, null, loggers);

    public static ServiceSetup Refused(ServicePlan plan, string why, ILoggerFactory loggers) =>
        Make(plan, null, () => throw new InvalidOperationException(why), why, loggers);

    /// <summary>Whether a service that runs so has nothing to change for the other: the same plugin, by its content, and the same values, as kept from the log.</summary>
    public bool IsLike(ServiceSetup other) =>
        Plugin?.ContentHash == other.Plugin?.ContentHash && Refusal == other.Refusal
        && Config.Module == other.Config.Module && Context.BaseDirectory == other.Context.BaseDirectory
        && Context.Config.Count == other.Context.Config.Count
        && Context.Config.All(value => other.Context.Config.TryGetValue(value.Key, out var text) && text == value.Value)
        && Config.SecretKeys.ToHashSet().SetEquals(other.Config.SecretKeys);

    private static ServiceSetup Make(ServicePlan plan, Plugin? plugin, Func<IItemService> create, string? refusal, ILoggerFactory loggers) => new()
    {
        Name = plan.Service.Name,
        Config = plan.Service,
        Plugin = plugin,
        PluginTitle = plan.Plugin?.Title,
        Storage = plan.Service.Storage,
        Context = new()
        {
            ServiceName = plan.Service.Name,
            Config = plan.Values,
            BaseDirectory = plan.Service.BaseDirectory,
            Logger = Logger(plan.Service, loggers),
        },
        Create = create,
        Refusal = refusal is null ? null : plan.Service.Redact(refusal),
        Explain = wrong => plan.Service.Redact(wrong.Fault == ItemServiceFault.Config
            ? plan.Service.At(wrong.ConfigKey, WriterLog.Reason(wrong))
            : WriterLog.Reason(wrong)),
    };

    private static ILogger Logger(ServiceConfig service, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger($"Service.{service.Name}");
        return service.HasSecrets ? new RedactedLogger(logger, service.Redact) : logger;
    }
}

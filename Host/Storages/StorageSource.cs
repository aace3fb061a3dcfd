namespace SharedState.Host.Storages;

/// <summary>The source of a service's instances: a plugin, and the configuration with which each instance is opened.</summary>
/// <param name="Create">Creates an instance. Runs the plugin's constructor, which may block or throw.</param>
/// <param name="Context">The context with which an instance is opened.</param>
internal sealed record StorageSource(Func<IItemService> Create, ItemServiceContext Context)
{
    /// <summary>Whether opening may alter existing data, and not only create.</summary>
    public bool MayAlter { get; init; } = true;

    /// <summary>The services that swap in step: all of them or none; null for a service that swaps alone.</summary>
    public Together? Together { get; init; }
}

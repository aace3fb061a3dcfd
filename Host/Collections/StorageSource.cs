namespace SharedState.Host.Collections;

/// <summary>Where a service's instances come from: a plugin, and the configuration that each is opened with.</summary>
/// <param name="Create">A new instance. Runs the plugin's constructor, which may block or throw.</param>
/// <param name="Context">What it is opened with.</param>
internal sealed record StorageSource(Func<IItemService> Create, ItemServiceContext Context)
{
    /// <summary>Whether opening may alter what is stored already, and not only create.</summary>
    public bool MayAlter { get; init; } = true;

    /// <summary>Where other services are to take over with this one, or none of them.</summary>
    public Together? Together { get; init; }
}

namespace SharedState.Host.Collections;

/// <summary>What the lifetimes have to know of a collection. Called in the turns of the service.</summary>
/// <param name="Applying">An update is about to be applied.</param>
/// <param name="Loaded">The collection was read.</param>
/// <param name="Keeps">Whether the collection stays in memory.</param>
internal sealed record CollectionWatch(Action<Collection, ItemUpdate> Applying, Action<Collection> Loaded, bool Keeps);

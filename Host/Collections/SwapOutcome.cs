namespace SharedState.Host.Collections;

/// <summary>The outcome of a swap of storages.</summary>
/// <param name="Paused">How long updates waited.</param>
/// <param name="Changed">The number of collections in memory that had other contents in the new storage; their subscribers were
/// updated.</param>
/// <param name="Failure">The reason why the old storage remains in use; null if the new one is in use.</param>
internal sealed record SwapOutcome(TimeSpan Paused, int Changed, ItemServiceException? Failure);

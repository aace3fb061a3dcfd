namespace SharedState.Host.Collections;

/// <summary>What came of putting one plugin in the place of another.</summary>
/// <param name="Paused">How long updates waited.</param>
/// <param name="Changed">How many of the collections in memory have another content in the new storage; their subscribers were
/// updated.</param>
/// <param name="Failure">Why the old one is used on; null if the new one is.</param>
internal sealed record SwapOutcome(TimeSpan Paused, int Changed, ItemServiceException? Failure);

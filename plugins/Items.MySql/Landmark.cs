namespace SharedState.Items.MySql;

/// <summary>A commit by which a host knows the history again.</summary>
/// <param name="Collection">The number of the collection's row.</param>
/// <param name="Epoch">The collection's epoch.</param>
/// <param name="Revision">The revision that it led to.</param>
internal sealed record Landmark(long Collection, string Epoch, long Revision)
{
    /// <summary>The epoch of the store at that time, or an earlier one.</summary>
    public string StoreEpoch { get; init; } = "";
}

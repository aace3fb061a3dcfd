namespace SharedState;

/// <summary>One atomic change of one collection, stored completely or not at all.</summary>
public sealed class ItemUpdate
{
    /// <summary>The collection to change.</summary>
    public required CollectionKey Key { get; init; }

    /// <summary>Whether all items (and remembered removals) are deleted first. <see cref="Remove"/> is then empty.</summary>
    public bool Reset { get; init; }

    /// <summary>The ids to remove, each once, none of them in <see cref="Insert"/>. An id without an item is no error.</summary>
    public IReadOnlyList<string> Remove { get; init; } = [];

    /// <summary>The items to add or to replace, each id once.</summary>
    public IReadOnlyList<Item> Insert { get; init; } = [];

    /// <summary>
    /// If set, the update is committed only if the collection is exactly at this position; otherwise it is skipped as a
    /// <see cref="CommitStatus.Conflict"/>. Earlier updates of the same batch count.
    /// </summary>
    public Position? Expected { get; init; }
}

namespace SharedState;

/// <summary>One atomic change of one collection: all of it is stored, or nothing.</summary>
public sealed class ItemUpdate
{
    /// <summary>The collection to change.</summary>
    public required CollectionKey Key { get; init; }

    /// <summary>Whether all items (and remembered removals) go first. <see cref="Remove"/> is then empty.</summary>
    public bool Reset { get; init; }

    /// <summary>The ids to remove, each once, none of them in <see cref="Insert"/>. An id that is not there is no error.</summary>
    public IReadOnlyList<string> Remove { get; init; } = [];

    /// <summary>The items to add or to replace, each id once.</summary>
    public IReadOnlyList<Item> Insert { get; init; } = [];

    /// <summary>
    /// When set: commit only if the collection stands exactly there, else leave this update out of the batch as
    /// <see cref="CommitStatus.Conflict"/>. Updates before it in the same batch count.
    /// </summary>
    public Position? Expected { get; init; }
}

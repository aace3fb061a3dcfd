namespace SharedState;

/// <summary>The stored state of a collection at one position.</summary>
/// <param name="position">The position of the collection. Revision 0 if the collection was never written to.</param>
/// <param name="items">All items, in any order; each id once.</param>
public sealed class StoredCollection(Position position, IReadOnlyList<StoredItem> items)
{
    private readonly long? _historyStart;

    /// <summary>The position of the collection.</summary>
    public Position Position { get; } = position;

    /// <summary>All items, in any order; each id once.</summary>
    public IReadOnlyList<StoredItem> Items { get; } = items;

    /// <summary>The remembered removals, in any order. Empty by default.</summary>
    public IReadOnlyList<Tombstone> Tombstones { get; init; } = [];

    /// <summary>
    /// The oldest revision from which a difference is possible: <see cref="Tombstones"/> contains every removal after it. A storage that
    /// remembers no removals keeps the default, the current revision, and each client that reconnects receives the whole collection.
    /// </summary>
    public long HistoryStart { get => _historyStart ?? Position.Revision; init => _historyStart = value; }
}

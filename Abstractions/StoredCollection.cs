namespace SharedState;

/// <summary>A collection as it stands in storage, at one position.</summary>
/// <param name="position">Where the collection stands. For one that nothing was ever written to: revision 0.</param>
/// <param name="items">All items, in any order; each id once.</param>
public sealed class StoredCollection(Position position, IReadOnlyList<StoredItem> items)
{
    private readonly long? _historyStart;

    /// <summary>Where the collection stands.</summary>
    public Position Position { get; } = position;

    /// <summary>All items, in any order; each id once.</summary>
    public IReadOnlyList<StoredItem> Items { get; } = items;

    /// <summary>The removals that are remembered, in any order. Empty by default.</summary>
    public IReadOnlyList<Tombstone> Tombstones { get; init; } = [];

    /// <summary>
    /// The oldest revision whose difference to now can be told: every removal after it is among <see cref="Tombstones"/>. A storage that
    /// remembers no removals leaves this at its default, the current revision, and each client that comes back gets the whole collection.
    /// </summary>
    public long HistoryStart { get => _historyStart ?? Position.Revision; init => _historyStart = value; }
}

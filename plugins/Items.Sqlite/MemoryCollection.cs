namespace SharedState.Items.Sqlite;

/// <summary>One collection of a database in memory.</summary>
internal sealed class MemoryCollection(string epoch, int removalsKept)
{
    /// <summary>The items as they are given back. Their bytes are those that came in, which by the contract never change.</summary>
    private readonly Dictionary<string, StoredItem> _items = new(StringComparer.Ordinal);

    /// <summary>
    /// The remembered removals by id, and the same in their order: the oldest are forgotten first. No item has such an id.
    /// </summary>
    private readonly Dictionary<string, LinkedListNode<Tombstone>> _removals = new(StringComparer.Ordinal);
    private readonly LinkedList<Tombstone> _removalsInOrder = new();

    private long _revision;
    private long _historyStart;

    public Position Position => new(epoch, _revision);

    public bool IsEmpty => _items.Count == 0;

    public StoredCollection Load() =>
        new(Position, [.. _items.Values]) { Tombstones = [.. _removalsInOrder], HistoryStart = _historyStart };

    public CommitStatus Apply(ItemUpdate update)
    {
        if (update.Expected is { } expected && expected != Position) return CommitStatus.Conflict;

        var revision = _revision + 1;
        var effective = update.Insert.Count > 0;
        if (update.Reset)
        {
            if (!effective && IsEmpty) return CommitStatus.Unchanged;
            effective = true;
            Clear(revision);
        }
        for (var i = 0; i < update.Remove.Count; i++)
        {
            var id = update.Remove[i];
            if (!_items.Remove(id)) continue;
            effective = true;
            _removals.Add(id, _removalsInOrder.AddLast(new Tombstone(id, revision)));
        }
        for (var i = 0; i < update.Insert.Count; i++)
        {
            var item = update.Insert[i];
            _items[item.Id] = new StoredItem(item.Id, item.Json, revision);
            if (_removals.Count > 0 && _removals.Remove(item.Id, out var removal)) _removalsInOrder.Remove(removal);
        }
        if (!effective) return CommitStatus.Unchanged;
        _revision = revision;
        ForgetOldest();
        return CommitStatus.Committed;
    }

    private void Clear(long revision)
    {
        _items.Clear();
        _removals.Clear();
        _removalsInOrder.Clear();
        _historyStart = revision;
    }

    /// <summary>
    /// Keeps the remembered removals within their bound; those of one update are forgotten together, so that the history's start tells all.
    /// </summary>
    private void ForgetOldest()
    {
        var bound = Math.Max(removalsKept, _items.Count);
        while (_removalsInOrder.First is { Value: var oldest } && (_removals.Count > bound || oldest.Revision <= _historyStart))
        {
            _historyStart = oldest.Revision;
            _removals.Remove(oldest.Id);
            _removalsInOrder.RemoveFirst();
        }
    }
}

namespace SharedState.Host.Contents;

/// <summary>
/// A collection's items in the order of their last change, removals included: the state is its own change log. The difference since a
/// revision is a walk back from the newest entry. Its cost depends on the number of changes, not on the age of the revision.
/// </summary>
internal sealed class ItemLog
{
    private readonly int _rememberedRemovals;
    private readonly Dictionary<string, ItemEntry> _entries = new(StringComparer.Ordinal);
    private ItemEntry? _oldest, _newest;
    private int _removals;

    /// <param name="rememberedRemovals">The minimum number of remembered removals; the number of items, if greater.</param>
    public ItemLog(int rememberedRemovals) => _rememberedRemovals = rememberedRemovals;

    /// <summary>The position of the collection; undefined before the first <see cref="Load"/>.</summary>
    public Position Position { get; private set; }

    /// <summary>The number of items, without removals.</summary>
    public int Count => _entries.Count - _removals;

    /// <summary>The bytes of the items, without removals.</summary>
    public long Bytes { get; private set; }

    /// <summary>Its approximate size in memory: the items, and 200 bytes for each entry, removals included (measured: 170 to
    /// 210).</summary>
    public long MemoryBytes => Bytes + (200L * _entries.Count);

    /// <summary>The oldest revision from which a difference is possible.</summary>
    public long HistoryStart { get; private set; }

    /// <summary>The number of removals that it was told, without resets.</summary>
    public long Removals { get; private set; }

    /// <summary>The number of removals that it remembers at least.</summary>
    public int RememberedRemovals => Math.Max(_rememberedRemovals, Count);

    /// <summary>Gets the changes of each update, if set. Without those of a reset.</summary>
    public List<ItemChange>? Changes { get; set; }

    /// <summary>All entries, oldest change first.</summary>
    public ItemWalk All => new(_oldest);

    /// <summary>A list of all entries, which does not change with the log.</summary>
    public List<ItemEntry> Entries()
    {
        var entries = new List<ItemEntry>(Count);
        foreach (var entry in All) entries.Add(entry);
        return entries;
    }

    /// <summary>All items, oldest change first.</summary>
    public IEnumerable<Item> Items
    {
        get
        {
            for (var entry = _oldest; entry is not null; entry = entry.Newer)
            {
                if (!entry.Removed) yield return new(entry.Id, entry.Json);
            }
        }
    }

    /// <summary>The changes after a revision, oldest change first.</summary>
    public ItemWalk Since(long revision)
    {
        ItemEntry? first = null;
        for (var entry = _newest; entry is not null && entry.Revision > revision; entry = entry.Older) first = entry;
        return new(first);
    }

    /// <summary>
    /// Whether the changes after a revision have more bytes than a limit. If so, that holds for each revision before
    /// <paramref name="reached"/>.
    /// </summary>
    public bool ChangesExceed(long bytes, long revision, out long reached)
    {
        for (var entry = _newest; entry is not null && entry.Revision > revision; entry = entry.Older)
        {
            bytes -= entry.Removed ? entry.Id.Length : entry.Json.Length;
            if (bytes >= 0) continue;
            reached = entry.Revision;
            return true;
        }
        reached = revision;
        return false;
    }

    /// <summary>The item of an id, or null.</summary>
    public ItemEntry? Find(string id) => _entries.GetValueOrDefault(id) is { Removed: false } entry ? entry : null;

    /// <summary>The last change of an id, also if that was a removal; null if none is remembered.</summary>
    public ItemEntry? FindChange(string id) => _entries.GetValueOrDefault(id);

    /// <summary>Whether it holds the same items as another.</summary>
    public bool HasItemsOf(ItemLog other)
    {
        if (Count != other.Count || Bytes != other.Bytes) return false;
        foreach (var entry in All)
        {
            if (!entry.Removed && !(other.Find(entry.Id) is { } same && same.Json.Span.SequenceEqual(entry.Json.Span))) return false;
        }
        return true;
    }

    /// <summary>Replaces all entries by the stored state.</summary>
    /// <exception cref="ItemServiceException">The stored state is invalid, which is a defect of the plugin.</exception>
    public void Load(StoredCollection stored)
    {
        Clear();
        var (position, history) = (stored.Position, stored.HistoryStart);
        if (position.Epoch is not { Length: > 0 } || position.Revision < 0 || history < 0 || history > position.Revision)
            throw Wrong("no possible position");
        var entries = new ItemEntry[stored.Items.Count + stored.Tombstones.Count];
        var index = 0;
        foreach (var item in stored.Items) entries[index++] = new(item.Id) { Json = item.Json, Revision = item.Revision };
        foreach (var tombstone in stored.Tombstones) entries[index++] = new(tombstone.Id) { Removed = true, Revision = tombstone.Revision };
        Array.Sort(entries, static (left, right) => left.Revision.CompareTo(right.Revision));
        foreach (var entry in entries)
        {
            if (entry.Id is not { Length: > 0 } || !_entries.TryAdd(entry.Id, entry)) throw Wrong("an id twice, or none");
            if (entry.Revision < 1 || entry.Revision > position.Revision)
                throw Wrong("an item's revision that is not one of the collection's");
            if (!entry.Removed && entry.Json.Length < 2) throw Wrong("an item without content");
            Append(entry);
            if (entry.Removed) _removals++;
            else Bytes += entry.Json.Length;
        }
        (Position, HistoryStart) = (position, history);
        BoundRemovals();
    }

    /// <summary>Applies a stored update.</summary>
    public void Apply(ItemUpdate update, long revision)
    {
        if (update.Reset)
        {
            Clear();
            HistoryStart = revision; // an older position gets the whole, which is not larger than the changes
        }
        foreach (var id in update.Remove)
        {
            if (Find(id) is { } entry) Remove(entry, revision);
        }
        foreach (var item in update.Insert) Insert(item, revision);
        Position = Position with { Revision = revision };
        BoundRemovals();
    }

    private void Remove(ItemEntry entry, long revision)
    {
        Note(entry, revision);
        Unlink(entry);
        Bytes -= entry.Json.Length;
        (entry.Removed, entry.Json, entry.Revision) = (true, default, revision);
        _removals++;
        Removals++;
        Append(entry);
    }

    private void Insert(Item item, long revision)
    {
        if (_entries.TryGetValue(item.Id, out var entry))
        {
            Note(entry, revision);
            Unlink(entry);
            Bytes -= entry.Json.Length;
            if (entry.Removed) _removals--;
        }
        else
        {
            entry = new(item.Id);
            _entries.Add(item.Id, entry);
            Note(entry, revision);
        }
        (entry.Removed, entry.Json, entry.Revision) = (false, item.Json, revision);
        Bytes += entry.Json.Length;
        Append(entry);
    }

    private void Note(ItemEntry entry, long revision)
    {
        if (entry.Revision != revision) Changes?.Add(new(entry, entry.Json));
    }

    // Half of them go at once, so that the walk costs no more than the removals that led to it.
    private void BoundRemovals()
    {
        var most = RememberedRemovals;
        if (_removals <= 2 * most) return;
        for (var entry = _oldest; entry is not null && _removals > most;)
        {
            var next = entry.Newer;
            if (entry.Removed)
            {
                Unlink(entry);
                _entries.Remove(entry.Id);
                _removals--;
                HistoryStart = entry.Revision;
            }
            entry = next;
        }
    }

    private void Clear()
    {
        _entries.Clear();
        (_oldest, _newest, _removals, Bytes) = (null, null, 0, 0);
    }

    private static ItemServiceException Wrong(string what) =>
        new(ItemServiceFault.Unavailable, $"the plugin returned a collection with {what}");

    private void Append(ItemEntry entry)
    {
        (entry.Older, entry.Newer) = (_newest, null);
        if (_newest is null) _oldest = entry;
        else _newest.Newer = entry;
        _newest = entry;
    }

    private void Unlink(ItemEntry entry)
    {
        if (entry.Older is null) _oldest = entry.Newer;
        else entry.Older.Newer = entry.Newer;
        if (entry.Newer is null) _newest = entry.Older;
        else entry.Newer.Older = entry.Older;
    }
}

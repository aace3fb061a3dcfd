using SharedState.Host.Conditions;

namespace SharedState.Host.Contents;

/// <summary>
/// For one field: the filters that require one of some values there, and the items that have each value. A change finds the filters that it
/// may concern without asking the others, and a filter finds its items without reading the others.
/// </summary>
internal sealed class EqualityIndex(Field path)
{
    // Of an item at one value.
    private const int EntryBytes = 100;

    private readonly Dictionary<EqualityKey, Few<Filter>> _filters = [];
    private Dictionary<EqualityKey, HashSet<ItemEntry>>? _items; // while it is built or being built
    private int _entries;
    private List<ItemEntry>? _coming; // while it is being built: the entries that were there at the start
    private int _come;                // of these, how many were looked at

    public Field Field => path;

    /// <summary>The number of filters.</summary>
    public int Filters { get; private set; }

    /// <summary>Whether it contains the items. If not, it is built when a view needs it.</summary>
    public bool Built => _items is not null && _coming is null;

    /// <summary>Whether it contains some of the items.</summary>
    public bool IsBeingBuilt => _coming is not null;

    /// <summary>Whether it takes changes.</summary>
    public bool TakesChanges => _items is not null;

    /// <summary>Its approximate size in memory.</summary>
    public long MemoryBytes => BytesFor(_entries);

    /// <summary>Its approximate size in memory with so many items.</summary>
    public static long BytesFor(int items) => (long)EntryBytes * items;

    public void Add(Filter filter, Equality required)
    {
        Filters++;
        foreach (var key in required.Keys)
        {
            var filters = _filters.GetValueOrDefault(key);
            filters.Add(filter);
            _filters[key] = filters;
        }
    }

    public void Remove(Filter filter, Equality required)
    {
        Filters--;
        foreach (var key in required.Keys)
        {
            if (!_filters.TryGetValue(key, out var filters)) continue;
            filters.Remove(filter);
            if (filters.Count == 0) _filters.Remove(key);
            else _filters[key] = filters;
        }
    }

    /// <summary>The filters that require a value.</summary>
    public Few<Filter> FiltersOf(EqualityKey key) => _filters.GetValueOrDefault(key);

    /// <summary>Removes all items, until it is built again.</summary>
    public void Clear() => (_items, _entries, _coming) = (null, 0, null);

    /// <summary>Begins to be built.</summary>
    /// <param name="entries">The entries of the collection.</param>
    public void Begin(List<ItemEntry> entries) => (_items, _entries, _coming, _come) = ([], 0, entries, 0);

    /// <summary>Adds some more entries. Updates may come between two calls: an entry counts as it is now.</summary>
    /// <param name="count">The number of entries.</param>
    /// <param name="fields">Reads the items.</param>
    /// <returns>The bytes of the items.</returns>
    public long Build(int count, ItemFields fields)
    {
        var bytes = 0L;
        for (var end = Math.Min(_coming!.Count, _come + count); _come < end; _come++)
        {
            var entry = _coming[_come];
            if (entry.Removed) continue;
            bytes += entry.Json.Length;
            fields.Read(entry.Json);
            Add(entry, fields);
        }
        if (_come == _coming.Count) _coming = null;
        return bytes;
    }

    /// <summary>An item has the values.</summary>
    public void Add(ItemEntry entry, ItemFields fields)
    {
        foreach (var key in fields.KeysAt(path))
        {
            if (!_items!.TryGetValue(key, out var items)) _items.Add(key.ToOwned(), items = []);
            if (items.Add(entry)) _entries++;
        }
    }

    /// <summary>An item had the values.</summary>
    public void Remove(ItemEntry entry, ItemFields fields)
    {
        foreach (var key in fields.KeysAt(path))
        {
            if (!_items!.TryGetValue(key, out var items) || !items.Remove(entry)) continue;
            _entries--;
            if (items.Count == 0) _items.Remove(key);
        }
    }

    /// <summary>The items that have one of some values.</summary>
    public IEnumerable<ItemEntry> ItemsOf(IReadOnlyList<EqualityKey> keys)
    {
        if (keys.Count == 1) return _items!.GetValueOrDefault(keys[0]) ?? [];
        var found = new HashSet<ItemEntry>();
        foreach (var key in keys)
        {
            if (_items!.TryGetValue(key, out var items)) found.UnionWith(items);
        }
        return found;
    }
}

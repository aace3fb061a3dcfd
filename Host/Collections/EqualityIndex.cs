using SharedState.Host.Conditions;

namespace SharedState.Host.Collections;

/// <summary>
/// For one field: the filters that require one of some values there, and the items that have each value. A change finds the filters that it
/// may concern without asking the others, and a filter finds its items without reading the others.
/// </summary>
internal sealed class EqualityIndex(Field path)
{
    // Of an item at one value.
    private const int EntryBytes = 100;

    private readonly Dictionary<EqualityKey, Few<Filter>> _filters = [];
    private Dictionary<EqualityKey, HashSet<ItemEntry>>? _items;
    private int _entries;

    public Field Field => path;

    /// <summary>The number of filters.</summary>
    public int Filters { get; private set; }

    /// <summary>Whether it contains the items.</summary>
    public bool Built => _items is not null;

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

    /// <summary>Forgets the items, until they are added again.</summary>
    public void Clear() => (_items, _entries) = (null, 0);

    /// <summary>Contains items from now on, none so far.</summary>
    public void Begin() => (_items, _entries) = ([], 0);

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

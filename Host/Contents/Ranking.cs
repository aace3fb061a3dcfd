using SharedState.Host.Conditions;

namespace SharedState.Host.Contents;

/// <summary>The items that a filter selects, in an order.</summary>
/// <remarks>
/// Sorted blocks of at most <see cref="MostInBlock"/> items, whose first keys are sorted, too. A change searches both by halves and moves
/// the rest of one block, which is a few hundred bytes: the entries of a block are neighbours in memory, while each step in a balanced tree
/// of 100,000 items is a cache miss. The search compares the prefixes of keys, which lie in the blocks, and looks at the keys themselves
/// only where the prefixes are equal. A rank adds the sizes of the blocks before.
/// </remarks>
internal sealed class Ranking(SortOrder order)
{
    private const int MostInBlock = 128;

    // Of an entry in a block that is half full, and of its key.
    private const int EntryBytes = 100;

    private readonly List<Block> _blocks = [];
    private readonly List<ulong> _prefixes = []; // of the first key of each block
    private readonly List<Move> _moves = [];
    private List<ItemEntry>? _coming; // while it is built: the entries that were there at the start
    private int _come;                // of these, how many were looked at

    /// <summary>Whether it contains the items. If not, it is built when a view needs it.</summary>
    public bool Built { get; private set; }

    /// <summary>Whether it contains some of the items, and takes changes.</summary>
    public bool IsBeingBuilt => _coming is not null;

    public int Count { get; private set; }

    /// <summary>Its approximate size in memory.</summary>
    public long MemoryBytes => BytesFor(Count);

    /// <summary>How the items of the last update moved, in the order of the filter's changes.</summary>
    public IReadOnlyList<Move> Moves => _moves;

    /// <summary>Its approximate size in memory with so many items.</summary>
    public static long BytesFor(int items) => (long)EntryBytes * items;

    /// <summary>Removes all items, until it is built again.</summary>
    public void Clear()
    {
        _blocks.Clear();
        _prefixes.Clear();
        (Count, Built, _coming) = (0, false, null);
    }

    /// <summary>Begins to be built.</summary>
    /// <param name="entries">The entries that may belong to it.</param>
    public void Begin(IEnumerable<ItemEntry> entries)
    {
        Clear();
        (_coming, _come) = ([.. entries], 0);
    }

    /// <summary>Looks at some more entries. Updates may come between two calls: an entry counts as it is now, and an item whose change has
    /// brought it here stays.</summary>
    /// <param name="count">The number of entries.</param>
    /// <param name="selects">Whether an item belongs here.</param>
    /// <returns>The bytes of the items.</returns>
    public long Build(int count, Func<ItemEntry, bool> selects)
    {
        var bytes = 0L;
        for (var end = Math.Min(_coming!.Count, _come + count); _come < end; _come++)
        {
            var entry = _coming[_come];
            if (entry.Removed) continue;
            bytes += entry.Json.Length;
            if (selects(entry)) Add(new(order.Key(entry.Json, entry.Id), entry));
        }
        if (_come == _coming.Count) (Built, _coming) = (true, null);
        return bytes;
    }

    /// <summary>Takes the changes of an update.</summary>
    public void Apply(List<FilteredChange> changes)
    {
        _moves.Clear();
        foreach (var change in changes)
        {
            var move = new Move(
                change.Was ? order.Key(change.Item.Before, change.Item.Entry.Id) : null,
                change.Is ? order.Key(change.Item.Entry.Json, change.Item.Entry.Id) : null);
            _moves.Add(move);
            if (move.From is { } from) Remove(from);
        }
        for (var index = 0; index < changes.Count; index++)
        {
            if (_moves[index].To is { } to) Add(new(to, changes[index].Item.Entry));
        }
    }

    /// <summary>The number of items whose keys are at most a key.</summary>
    public int RankAfter(SortKey key)
    {
        if (_blocks.Count == 0) return 0;
        var (block, rank) = (BlockOf(key), 0);
        for (var index = 0; index < block; index++) rank += _blocks[index].Count;
        var place = _blocks[block].Find(key, key.Prefix);
        return rank + (place >= 0 ? place + 1 : ~place);
    }

    /// <summary>The entries from a rank on, from 0.</summary>
    public IEnumerable<Entry> From(int rank)
    {
        var block = 0;
        while (block < _blocks.Count && rank >= _blocks[block].Count) rank -= _blocks[block++].Count;
        for (; block < _blocks.Count; block++, rank = 0)
        {
            for (; rank < _blocks[block].Count; rank++) yield return _blocks[block][rank];
        }
    }

    /// <summary>The key at a rank, from 0.</summary>
    public SortKey KeyAt(int rank)
    {
        var block = 0;
        while (rank >= _blocks[block].Count) rank -= _blocks[block++].Count;
        return _blocks[block][rank].Key;
    }

    private void Add(Entry entry)
    {
        if (_blocks.Count == 0)
        {
            Insert(0, new([entry]));
            Count++;
            return;
        }
        var index = BlockOf(entry.Key);
        var place = ~_blocks[index].Find(entry.Key, entry.Prefix);
        if (place < 0) return; // a change has brought it while the ranking is built
        Count++;
        if (_blocks[index].Count == MostInBlock)
        {
            Insert(index + 1, _blocks[index].Split());
            if (place > _blocks[index].Count) place -= _blocks[index++].Count;
        }
        _blocks[index].Insert(place, entry);
        if (place == 0) _prefixes[index] = entry.Prefix;
    }

    private void Insert(int index, Block block)
    {
        _blocks.Insert(index, block);
        _prefixes.Insert(index, block[0].Prefix);
    }

    private void Remove(SortKey key)
    {
        if (_blocks.Count == 0) return;
        var index = BlockOf(key);
        var place = _blocks[index].Find(key, key.Prefix);
        if (place < 0) return; // is still to come while the ranking is built
        _blocks[index].RemoveAt(place);
        Count--;
        if (_blocks[index].Count == 0)
        {
            _blocks.RemoveAt(index);
            _prefixes.RemoveAt(index);
        }
        else if (place == 0)
        {
            _prefixes[index] = _blocks[index][0].Prefix;
        }
    }

    /// <summary>The block that a key belongs to: the last one that does not begin after it, or the first.</summary>
    private int BlockOf(SortKey key)
    {
        var prefix = key.Prefix;
        var (low, high) = (0, _blocks.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_prefixes[middle] < prefix || (_prefixes[middle] == prefix && _blocks[middle][0].Key.CompareTo(key) <= 0)) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    /// <summary>An item and its key.</summary>
    internal readonly record struct Entry(SortKey Key, ItemEntry Item)
    {
        public ulong Prefix { get; } = Key.Prefix;
    }

    /// <summary>The move of an item.</summary>
    /// <param name="From">The key before; null if the filter did not select the item.</param>
    /// <param name="To">The key after; null if the filter does not select the item.</param>
    internal readonly record struct Move(SortKey? From, SortKey? To);

    /// <summary>Some entries, sorted.</summary>
    private sealed class Block
    {
        private readonly Entry[] _entries = new Entry[MostInBlock];

        public Block(ReadOnlySpan<Entry> entries)
        {
            entries.CopyTo(_entries);
            Count = entries.Length;
        }

        public int Count { get; private set; }

        public Entry this[int index] => _entries[index];

        /// <summary>The place of a key; if it is not there, the complement of the place where it belongs.</summary>
        public int Find(SortKey key, ulong prefix)
        {
            var (low, high) = (0, Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                var compared = _entries[middle].Prefix.CompareTo(prefix);
                if (compared == 0) compared = _entries[middle].Key.CompareTo(key);
                if (compared == 0) return middle;
                if (compared < 0) low = middle + 1;
                else high = middle;
            }
            return ~low;
        }

        public void Insert(int place, Entry entry)
        {
            Array.Copy(_entries, place, _entries, place + 1, Count++ - place);
            _entries[place] = entry;
        }

        public void RemoveAt(int place)
        {
            Array.Copy(_entries, place + 1, _entries, place, --Count - place);
            _entries[Count] = default;
        }

        /// <summary>Moves the second half into a block of its own.</summary>
        public Block Split()
        {
            var half = Count / 2;
            var second = new Block(_entries.AsSpan(half, Count - half));
            Array.Clear(_entries, half, Count - half);
            Count = half;
            return second;
        }
    }
}

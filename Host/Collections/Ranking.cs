using SharedState.Host.Conditions;

namespace SharedState.Host.Collections;

/// <summary>
/// The items that a filter selects, in an order. A treap: a search tree by key that is a heap by random priorities, so that its depth is
/// logarithmic whatever the order of the insertions. Each node knows the size of its subtree, so that ranks cost a walk from the root.
/// </summary>
internal sealed class Ranking(SortOrder order)
{
    // Of a node, and of a key that is not long.
    private const int NodeBytes = 160;

    private readonly Random _priorities = new();
    private readonly List<Move> _moves = [];
    private Node? _root;

    public SortOrder Order => order;

    /// <summary>Whether it contains the items. If not, it is built when a view needs it.</summary>
    public bool Built { get; private set; }

    public int Count => Size(_root);

    /// <summary>Its approximate size in memory.</summary>
    public long MemoryBytes => (long)NodeBytes * Count;

    /// <summary>How the items of the last update moved, in the order of the filter's changes.</summary>
    public IReadOnlyList<Move> Moves => _moves;

    /// <summary>Removes all items, until it is built again.</summary>
    public void Clear() => (_root, Built) = (null, false);

    /// <summary>Contains these items from now on.</summary>
    public void Build(IEnumerable<ItemEntry> items)
    {
        _root = null;
        foreach (var entry in items) Add(order.Key(entry.Json, entry.Id), entry);
        Built = true;
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
            if (move.From is { } from) _root = Remove(_root, from);
        }
        for (var index = 0; index < changes.Count; index++)
        {
            if (_moves[index].To is { } to) Add(to, changes[index].Item.Entry);
        }
    }

    /// <summary>The number of items whose keys are at most a key.</summary>
    public int RankAfter(SortKey key)
    {
        var rank = 0;
        for (var node = _root; node is not null;)
        {
            if (node.Key.CompareTo(key) <= 0)
            {
                rank += Size(node.Left) + 1;
                node = node.Right;
            }
            else
            {
                node = node.Left;
            }
        }
        return rank;
    }

    /// <summary>The key and the item at a rank, from 0.</summary>
    public (SortKey Key, ItemEntry Entry) At(int rank)
    {
        var node = _root!;
        while (true)
        {
            var left = Size(node.Left);
            if (rank == left) return (node.Key, node.Entry);
            if (rank < left)
            {
                node = node.Left!;
            }
            else
            {
                rank -= left + 1;
                node = node.Right!;
            }
        }
    }

    private void Add(SortKey key, ItemEntry entry)
    {
        Split(_root, key, out var less, out var greater);
        _root = Merge(Merge(less, new(key, entry, _priorities.Next())), greater);
    }

    private static int Size(Node? node) => node?.Size ?? 0;

    /// <summary>Splits a tree into the keys that are less than a key, and the others.</summary>
    private static void Split(Node? node, SortKey key, out Node? less, out Node? greater)
    {
        if (node is null)
        {
            (less, greater) = (null, null);
        }
        else if (node.Key.CompareTo(key) < 0)
        {
            Split(node.Right, key, out var middle, out greater);
            node.Right = middle;
            node.Measure();
            less = node;
        }
        else
        {
            Split(node.Left, key, out less, out var middle);
            node.Left = middle;
            node.Measure();
            greater = node;
        }
    }

    /// <summary>Joins two trees, where all keys of the first are less than those of the second.</summary>
    private static Node? Merge(Node? less, Node? greater)
    {
        if (less is null || greater is null) return less ?? greater;
        if (less.Priority > greater.Priority)
        {
            less.Right = Merge(less.Right, greater);
            less.Measure();
            return less;
        }
        greater.Left = Merge(less, greater.Left);
        greater.Measure();
        return greater;
    }

    private static Node? Remove(Node? node, SortKey key)
    {
        if (node is null) return null;
        var place = key.CompareTo(node.Key);
        if (place == 0) return Merge(node.Left, node.Right);
        if (place < 0) node.Left = Remove(node.Left, key);
        else node.Right = Remove(node.Right, key);
        node.Measure();
        return node;
    }

    /// <summary>The move of an item.</summary>
    /// <param name="From">The key before; null if the filter did not select the item.</param>
    /// <param name="To">The key after; null if the filter does not select the item.</param>
    internal readonly record struct Move(SortKey? From, SortKey? To);

    private sealed class Node(SortKey key, ItemEntry entry, int priority)
    {
        public SortKey Key => key;

        public ItemEntry Entry => entry;

        public int Priority => priority;

        public Node? Left { get; set; }

        public Node? Right { get; set; }

        public int Size { get; private set; } = 1;

        public void Measure() => Size = 1 + Ranking.Size(Left) + Ranking.Size(Right);
    }
}

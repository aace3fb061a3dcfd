using SharedState.Host.Conditions;

namespace SharedState.Host.Contents;

/// <summary>
/// The texts of a view that contains a range of the items of a filter, in an order: all that follow a place, up to a limit. A change costs
/// the logarithm of the number of items, and the items that move in or out.
/// </summary>
internal sealed class WindowBodies(
    ItemLog log, MemoryBudget memory, TextQuota quota, Filters filters, Filter filter, ViewDefinition definition)
    : OrderedBodies(log, memory, quota, filters, filter, definition)
{
    private bool _known;    // whether the end is known, while the ranking is built
    private SortKey? _last; // the key of the last item, if the window is full

    public override long? Total
    {
        get
        {
            if (Definition.Limit is null) return null;
            Prepare();
            return Ranking.Count;
        }
    }

    public override bool TotalChanged =>
        Definition.Limit is not null
        && Ranking.Built
        && Filter.Changes.Count(change => change.Was) != Filter.Changes.Count(change => change.Is);

    private int Start => Definition.After is { } after ? Ranking.RankAfter(after) : 0;

    // The items that were pushed out are not in the log.
    public override bool Reaches(Position position) => false;

    public override void Replace(ItemLog log)
    {
        base.Replace(log);
        _known = false;
    }

    public override void Reset()
    {
        base.Reset();
        _known = false;
    }

    public override void Prepare()
    {
        Rank();
        if (_known) return;
        _last = FindLast();
        _known = true;
    }

    public override void Describe(ViewChange change)
    {
        if (!Ranking.Built || !_known)
        {
            _known = false;
            Change(); // nobody follows the view now
            return;
        }
        var (before, after) = (_last, FindLast());
        _last = after;
        for (var index = 0; index < Filter.Changes.Count; index++)
        {
            var item = Filter.Changes[index].Item;
            var (from, to) = Ranking.Moves[index];
            var was = from is { } left && IsInside(left, before);
            if (to is { } reached && IsInside(reached, after)) Insert(change, item, was);
            else if (was) Remove(change, item);
        }
        Shift(change, before, after);
        change.Total = Definition.Limit is null ? null : Ranking.Count;
    }

    protected override bool IsNear(Position? known) => false;

    protected override byte[] CopyItems(Cuts cuts)
    {
        Prepare();
        return Copy(Items(), cuts);
    }

    private IEnumerable<ItemEntry> Items() =>
        Ranking.From(Start).Take(Definition.Limit ?? int.MaxValue).Select(entry => entry.Item);

    /// <summary>Other items move up into the window, or are pushed out of it.</summary>
    private void Shift(ViewChange change, SortKey? before, SortKey? after)
    {
        if (Compare(before, after) is var growth && growth == 0) return;
        var (start, end) = growth < 0 ? (before!.Value, after) : (after!.Value, before);
        foreach (var (key, entry) in Ranking.From(Ranking.RankAfter(start)))
        {
            if (end is { } last && key.CompareTo(last) > 0) break;
            if (entry.Revision == Position.Revision) continue; // changed by this update
            var item = new ItemChange(entry, entry.Json);
            if (growth < 0) Insert(change, item, was: false);
            else Remove(change, item);
        }
    }

    /// <summary>Compares two ends; null is the end of all items.</summary>
    private static int Compare(SortKey? left, SortKey? right) =>
        left is not { } one ? (right is null ? 0 : 1) : right is { } other ? one.CompareTo(other) : -1;

    private bool IsInside(SortKey key, SortKey? last) =>
        (Definition.After is not { } after || key.CompareTo(after) > 0) && (last is not { } end || key.CompareTo(end) <= 0);

    /// <summary>The key of the last item in the window; null if the window has room.</summary>
    private SortKey? FindLast()
    {
        if (Definition.Limit is not { } limit) return null;
        var end = Start + limit;
        return end <= Ranking.Count ? Ranking.KeyAt(end - 1) : null;
    }
}

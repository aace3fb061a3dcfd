using SharedState.Host.Conditions;

namespace SharedState.Host.Contents;

/// <summary>The change of an item that a filter selected before the update, or selects after it.</summary>
/// <param name="Item">The change.</param>
/// <param name="Was">Whether the item was selected before.</param>
/// <param name="Is">Whether the item is selected after.</param>
internal readonly record struct FilteredChange(ItemChange Item, bool Was, bool Is);

/// <summary>
/// Selects items of a collection: those that satisfy a condition, and that the reader may see. All views with the same conditions share it.
/// </summary>
/// <param name="condition">The condition; null for all items.</param>
/// <param name="visible">The condition under which the reader may know of an item; null for all items.</param>
internal sealed class Filter(BoundCondition? condition, BoundCondition? visible)
{
    private Dictionary<string, Ranking>? _rankings;
    private Few<IFilteredView> _views;

    /// <summary>The changes that concern a filter if an update does not.</summary>
    public static List<FilteredChange> NoChanges { get; } = new(0);

    public BoundCondition? Condition => condition;

    public BoundCondition? Visible => visible;

    /// <summary>What the conditions require, and the index in which the filter stands for that. Null if the filter has to be asked about
    /// every change.</summary>
    public (EqualityIndex Index, Equality Required)? Place { get; set; }

    /// <summary>The views of the filter.</summary>
    public Few<IFilteredView> Views => _views;

    /// <summary>The changes of the current update that concern it. Set by <see cref="Filters"/>.</summary>
    public List<FilteredChange> Changes { get; set; } = NoChanges;

    /// <summary>The number of the change about which the filter was asked last.</summary>
    public long AskedAbout { get; set; }

    /// <summary>The approximate size of its rankings in memory.</summary>
    public long MemoryBytes
    {
        get
        {
            var bytes = 0L;
            foreach (var ranking in Rankings) bytes += ranking.MemoryBytes;
            return bytes;
        }
    }

    private IEnumerable<Ranking> Rankings => _rankings is null ? [] : _rankings.Values;

    /// <summary>Whether some items are hidden from the reader.</summary>
    public bool Hides => visible is not null;

    /// <summary>Whether an item is selected.</summary>
    public bool Matches(ItemFields item) => condition?.Matches(item) != false && visible?.Matches(item) != false;

    /// <summary>Whether all items with one of the keys that <see cref="Place"/> names are selected.</summary>
    public bool IsEquality { get; } =
        (condition is null || visible is null) && (condition ?? visible)?.Condition.IsEquality == true;

    /// <summary>Adds a view.</summary>
    public void Add(IFilteredView view) => _views.Add(view);

    /// <summary>Removes a view.</summary>
    public void Remove(IFilteredView view) => _views.Remove(view);

    /// <summary>The ranking of its items in an order.</summary>
    public Ranking Rank(SortOrder order)
    {
        _rankings ??= [];
        if (_rankings.TryGetValue(order.Text, out var ranking)) return ranking;
        ranking = new(order);
        _rankings.Add(order.Text, ranking);
        return ranking;
    }

    /// <summary>The rankings take the changes of the current update.</summary>
    public void ApplyToRankings()
    {
        if (_rankings is null) return;
        foreach (var ranking in _rankings.Values)
        {
            if (ranking.Built || ranking.IsBeingBuilt) ranking.Apply(Changes);
        }
    }

    /// <summary>All items of the collection were replaced.</summary>
    public void ClearRankings()
    {
        foreach (var ranking in Rankings) ranking.Clear();
    }

    /// <summary>Forgets the rankings that no view uses. True if none is left.</summary>
    public bool DropRankings()
    {
        foreach (var (text, ranking) in _rankings?.ToArray() ?? [])
        {
            if (!IsUsed(text, byWindow: false)) _rankings!.Remove(text);
            else if (ranking.Built && !IsUsed(text, byWindow: true)) ranking.Clear();
        }
        return _rankings is not { Count: > 0 };
    }

    /// <summary>Whether a window needs the ranking in an order at every change.</summary>
    public bool HasWindow(SortOrder order) => IsUsed(order.Text, byWindow: true);

    private bool IsUsed(string order, bool byWindow)
    {
        for (var n = 0; n < _views.Count; n++)
        {
            var definition = _views[n].Definition;
            if ((definition.IsWindow || (!byWindow && definition.Order is not null)) && definition.WindowOrder.Text == order) return true;
        }
        return false;
    }
}

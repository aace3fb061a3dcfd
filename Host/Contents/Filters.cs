using SharedState.Host.Conditions;

namespace SharedState.Host.Contents;

/// <summary>
/// The filters of a collection. The paths that their conditions read are extracted from an item once for each change. A filter that
/// requires a value is asked only about items that have it.
/// </summary>
internal sealed class Filters
{
    // Items that are looked at to find the most selective of several required values.
    private const int Sample = 200;

    private const int MostChosen = 1_000;

    private const int MostSpare = 16;

    // An index is built in parts of so many items, each of which costs about as much as so many bytes of a text: half a microsecond.
    private const int PartItems = 32, ItemBytes = 512;

    private readonly TextQuota _quota;
    private readonly FieldSet _fields = new();
    private readonly ItemFields _before, _after;
    private readonly Dictionary<string, Filter> _filters = [];
    private readonly Dictionary<FieldPath, EqualityIndex> _indexes = [];
    private readonly Dictionary<string, FieldPath> _chosen = []; // by the paths at which conditions require values; the most recent ones
    private readonly List<Filter> _asked = []; // about every change
    private readonly List<Filter> _ranked = []; // have rankings
    private readonly List<Filter> _concerned = [];
    private readonly Stack<List<FilteredChange>> _spare = []; // lists of changes to be used again
    private ItemLog _log;
    private long _changes;

    public Filters(ItemLog log, TextQuota quota) => (_log, _quota, _before, _after) = (log, quota, new(_fields), new(_fields));

    /// <summary>The approximate size of the indexes and rankings in memory.</summary>
    public long MemoryBytes
    {
        get
        {
            var bytes = 0L;
            foreach (var index in _indexes.Values) bytes += index.MemoryBytes;
            foreach (var filter in _ranked) bytes += filter.MemoryBytes;
            return bytes;
        }
    }

    /// <summary>Another log replaces the current one.</summary>
    public void Replace(ItemLog log)
    {
        _log = log;
        foreach (var index in _indexes.Values) index.Clear();
        foreach (var filter in _ranked) filter.ClearRankings();
    }

    /// <summary>The filter of a view.</summary>
    public Filter Find(ViewDefinition definition)
    {
        var text = TextOf(definition);
        if (_filters.TryGetValue(text, out var filter)) return filter;
        filter = new(Bind(definition.Filter), Bind(definition.Visible));
        _filters.Add(text, filter);
        var equalities = (definition.Filter?.Equalities ?? []).Concat(definition.Visible?.Equalities ?? []).ToArray();
        if (Choose(equalities) is { } required) Index(filter, required);
        else _asked.Add(filter);
        return filter;
    }

    /// <summary>The ranking of a filter's items in an order.</summary>
    public Ranking Rank(Filter filter, SortOrder order)
    {
        if (!_ranked.Contains(filter)) _ranked.Add(filter);
        return filter.Rank(order);
    }

    /// <summary>Forgets a view, and what only that view needs.</summary>
    public void Drop(IFilteredView view)
    {
        var text = TextOf(view.Definition);
        var filter = _filters[text];
        filter.Remove(view);
        if (filter.DropRankings()) _ranked.Remove(filter);
        if (filter.Views.Count > 0) return;
        _filters.Remove(text);
        if (filter.Place is var (index, required))
        {
            index.Remove(filter, required);
            if (index.Filters == 0)
            {
                _indexes.Remove(required.Path);
                _fields.Remove(index.Field);
            }
        }
        else
        {
            _asked.Remove(filter);
        }
        Release(filter.Condition);
        Release(filter.Visible);
    }

    /// <summary>The filters that an update concerns, each with its changes. Valid until the next call.</summary>
    public List<Filter> Note(List<ItemChange> changes)
    {
        foreach (var filter in _concerned) TakeBack(filter);
        _concerned.Clear();
        foreach (var change in changes) Note(change);
        foreach (var filter in _concerned) filter.ApplyToRankings();
        return _concerned;
    }

    /// <summary>The items that a filter selects.</summary>
    public IEnumerable<ItemEntry> ItemsOf(Filter filter)
    {
        if (filter.Place is var (index, required))
        {
            while (!index.Built) BuildPart(index);
            foreach (var entry in index.ItemsOf(required.Keys))
            {
                if (Matches(filter, entry.Json)) yield return entry;
            }
            yield break;
        }
        _quota.Note(_log.Bytes);
        foreach (var entry in _log.All)
        {
            if (!entry.Removed && Matches(filter, entry.Json)) yield return entry;
        }
    }

    /// <summary>Whether the index that <see cref="ItemsOf"/> needs is built. If not, a part of it is built: as much as the quota of this
    /// turn permits.</summary>
    public bool TryBuild(Filter filter)
    {
        if (filter.Place is not var (index, _)) return true;
        while (!index.Built && !_quota.Spent) BuildPart(index);
        return index.Built;
    }

    /// <summary>The approximate size in memory of the index that <see cref="ItemsOf"/> would build.</summary>
    public long BytesToBuild(Filter filter) =>
        filter.Place is var (index, _) && !index.Built ? EqualityIndex.BytesFor(_log.Count) : 0;

    /// <summary>Whether a filter selects an item.</summary>
    public bool Matches(Filter filter, ReadOnlyMemory<byte> item)
    {
        _after.Read(item);
        return filter.Matches(_after);
    }

    /// <summary>Whether a filter hides an item from the reader.</summary>
    public bool Hides(Filter filter, ReadOnlyMemory<byte> item)
    {
        _after.Read(item);
        return filter.Visible?.Matches(_after) == false;
    }

    private void TakeBack(Filter filter)
    {
        filter.Changes.Clear();
        if (_spare.Count < MostSpare) _spare.Push(filter.Changes);
        filter.Changes = Filter.NoChanges;
    }

    private static string TextOf(ViewDefinition definition) =>
        definition.Visible is null ? definition.Filter?.Text ?? "" : $"{definition.Filter?.Text}\n{definition.Visible.Text}";

    private void Note(ItemChange change)
    {
        _changes++;
        var (existed, exists) = (change.Before.Length > 0, !change.Entry.Removed);
        if (existed) _before.Read(change.Before);
        if (exists) _after.Read(change.Entry.Json);
        foreach (var index in _indexes.Values)
        {
            var moved = !existed || !exists || !HaveSameKeys(index.Field);
            if (existed) AskThose(index, _before, keepsKeys: !moved);
            if (exists && moved) AskThose(index, _after, keepsKeys: false);
            if (!index.TakesChanges || !moved) continue;
            if (existed) index.Remove(change.Entry, _before);
            if (exists) index.Add(change.Entry, _after);
        }
        foreach (var filter in _asked) Ask(filter, keepsKeys: false);

        void AskThose(EqualityIndex index, ItemFields item, bool keepsKeys)
        {
            foreach (var key in item.KeysAt(index.Field))
            {
                var filters = index.FiltersOf(key);
                for (var n = 0; n < filters.Count; n++) Ask(filters[n], keepsKeys);
            }
        }

        void Ask(Filter filter, bool keepsKeys)
        {
            if (filter.AskedAbout == _changes) return;
            filter.AskedAbout = _changes;
            var (was, matches) = keepsKeys && filter.IsEquality ? (true, true)
                : (existed && filter.Matches(_before), exists && filter.Matches(_after));
            if (!was && !matches) return;
            if (filter.Changes.Count == 0)
            {
                _concerned.Add(filter);
                filter.Changes = _spare.TryPop(out var list) ? list : [];
            }
            filter.Changes.Add(new(change, was, matches));
        }
    }

    /// <summary>Whether an item has the same keys before and after a change.</summary>
    private bool HaveSameKeys(Field field)
    {
        var after = _after.KeysAt(field).GetEnumerator();
        foreach (var key in _before.KeysAt(field))
        {
            if (!after.MoveNext() || !after.Current.Equals(key)) return false;
        }
        return !after.MoveNext();
    }

    private BoundCondition? Bind(Condition? condition) => condition is null ? null : _fields.Add(condition);

    private void Release(BoundCondition? condition)
    {
        if (condition is not null) _fields.Remove(condition);
    }

    private void Index(Filter filter, Equality required)
    {
        if (!_indexes.TryGetValue(required.Path, out var index))
            _indexes.Add(required.Path, index = new(_fields.Add(required.Path)));
        index.Add(filter, required);
        filter.Place = (index, required);
    }

    private void BuildPart(EqualityIndex index)
    {
        if (!index.IsBeingBuilt) index.Begin(_log.Entries());
        _quota.Note((PartItems * ItemBytes) + index.Build(PartItems, _after));
    }

    /// <summary>The required values that the fewest items have. Conditions that require values at the same paths choose the same
    /// path.</summary>
    private Equality? Choose(Equality[] required)
    {
        if (required.Length < 2) return required.FirstOrDefault();
        var paths = string.Join('\n', required.Select(equality => equality.Path.Text));
        if (_chosen.Count > MostChosen) _chosen.Clear();
        if (!_chosen.TryGetValue(paths, out var path)) _chosen.Add(paths, path = MostSelective(required));
        return required.First(equality => equality.Path.Equals(path));
    }

    private FieldPath MostSelective(Equality[] required)
    {
        var fields = required.Select(equality => _fields.Add(equality.Path)).ToArray();
        var found = new int[required.Length];
        var seen = 0;
        foreach (var entry in _log.All)
        {
            if (entry.Removed) continue;
            if (seen++ == Sample) break;
            _after.Read(entry.Json);
            for (var index = 0; index < required.Length; index++)
            {
                foreach (var key in _after.KeysAt(fields[index]))
                {
                    if (required[index].Keys.Contains(key)) found[index]++;
                }
            }
        }
        foreach (var field in fields) _fields.Remove(field);
        return required[found.IndexOf(found.Min())].Path;
    }
}

using SharedState.Host.Contents;

namespace SharedState.Host.Collections;

/// <summary>The views of a collection that do not contain all of it. Touched by the service's turns only.</summary>
internal sealed class Views(ItemLog log, MemoryBudget memory, TurnQuota quota, TimeProvider time, ServiceCounts counts, SpareRuns runs)
{
    // A view, its filter and its audience, without indexes and rankings.
    private const int EmptyBytes = 2 << 10;

    // Views without followers that stay, with their rankings and indexes: a client that returns finds its view.
    private const int MostUnused = 64;

    // Of these, views whose filters are asked about every change.
    private const int MostUnusedAsked = 4;

    // Between two messages that tell a change of the total alone.
    private static readonly TimeSpan TotalTime = TimeSpan.FromSeconds(1);

    private readonly Filters _filters = new(log, quota);
    private readonly Dictionary<string, View> _views = [];
    private readonly LinkedList<View> _idle = [];   // all views, the one that was looked at longest ago for its last position first
    private readonly LinkedList<View> _unused = []; // without followers, the one that was used longest ago first
    private readonly List<View> _noted = [];        // have changes that are not told
    private readonly ViewChange _change = new();
    private readonly List<ItemChange> _changes = [];
    private ItemLog _log = log;

    /// <summary>The approximate size in memory, without texts.</summary>
    public long MemoryBytes => ((long)EmptyBytes * _views.Count) + _filters.MemoryBytes;

    public IEnumerable<View> All => _views.Values;

    /// <summary>The view of a definition, if there is one.</summary>
    public View? TryFind(ViewDefinition definition) => _views.GetValueOrDefault(definition.Text);

    /// <summary>The view of a definition.</summary>
    public View Find(ViewDefinition definition)
    {
        if (!_views.TryGetValue(definition.Text, out var view)) view = Create(definition);
        if (view.Audience.Count == 0) KeepUnused(view);
        return view;
    }

    /// <summary>A view has got its first follower, or lost its last one.</summary>
    public void Heed(View view)
    {
        if (view.Audience.Count == 0)
        {
            counts.AddViews(-1);
            KeepUnused(view);
        }
        else if (view.UnusedPlace is { } place)
        {
            counts.AddViews(1);
            _unused.Remove(place);
            view.UnusedPlace = null;
        }
    }

    /// <summary>Takes another log, and brings all subscriptions up to date.</summary>
    /// <param name="log">The log.</param>
    /// <param name="before">The position of the log before; null if there was none.</param>
    public void Load(ItemLog log, Position? before)
    {
        _log.Changes = null;
        _log = log;
        _log.Changes = _changes;
        _filters.Replace(log);
        foreach (var view in _views.Values)
        {
            var bodies = (FilterBodies)view.Bodies;
            Position? told = before is null || before == log.Position ? null : bodies.ChangedAt;
            bodies.Replace(log);
            view.Audience.Loaded(told);
            if (view.Audience.HasCurrent) bodies.Prepare();
        }
    }

    /// <summary>The collection contains all known commits: waiting subscriptions receive it.</summary>
    public void BringUp()
    {
        foreach (var view in _views.Values) view.Audience.Loaded(null);
    }

    /// <summary>No text may be told before the collection was read again.</summary>
    public void Distrust()
    {
        foreach (var view in _views.Values) view.Audience.Distrust();
    }

    /// <summary>Discards the texts, and the views without followers.</summary>
    public void Forget()
    {
        foreach (var view in _views.Values) view.Bodies.Forget();
        DropUnused(TimeSpan.Zero);
    }

    /// <summary>Notes an update that was applied, for <see cref="Tell"/>.</summary>
    /// <param name="before">The position of the collection before the update.</param>
    /// <param name="reset">Whether the update replaced all items.</param>
    public void Note(Position before, bool reset)
    {
        if (reset)
        {
            _filters.Replace(_log);
            foreach (var view in _views.Values) Reset(view, before);
        }
        else
        {
            foreach (var filter in _filters.Note(_changes))
            {
                for (var n = 0; n < filter.Views.Count; n++) filter.Views[n].Note();
            }
        }
        _changes.Clear();
    }

    /// <summary>The current update concerns a view: notes what of it the followers must be told.</summary>
    public void Note(View view)
    {
        var bodies = (FilterBodies)view.Bodies;
        _change.Begin(bodies.ChangedAt, bodies.Position);
        bodies.Describe(_change);
        if (!_change.IsEmpty)
        {
            bodies.Change();
            Publish(view);
        }
        else if (bodies.TotalChanged && view.Audience.Count > 0)
        {
            view.TotalChanged = true;
            NoteTotal(view);
        }
    }

    /// <summary>Tells the noted changes to all current subscriptions.</summary>
    public void Tell()
    {
        foreach (var view in _noted) view.Audience.Tell();
        _noted.Clear();
        TellIdle();
    }

    /// <summary>Forgets views that had no followers and were not read for a while.</summary>
    public void DropUnused(TimeSpan age)
    {
        while (_unused.First is { } place && time.GetElapsedTime(place.Value.UnusedAt) >= age) Drop(place.Value);
    }

    private View Create(ViewDefinition definition)
    {
        _log.Changes = _changes;
        var filter = _filters.Find(definition);
        var bodies = definition.IsWindow
            ? new WindowBodies(_log, memory, quota, _filters, filter, definition)
            : definition.Order is not null ? new OrderedBodies(_log, memory, quota, _filters, filter, definition)
            : new FilterBodies(_log, memory, quota, _filters, filter, definition);
        var view = new View(definition, filter, bodies, new(bodies, quota, time, counts, runs)) { Owner = this };
        filter.Add(view);
        _views.Add(definition.Text, view);
        view.Place = _idle.AddLast(view);
        view.ToldRemovals = view.LookedAtRemovals = _log.Removals;
        return view;
    }

    private void KeepUnused(View view)
    {
        if (view.UnusedPlace is { } place) _unused.Remove(place);
        view.UnusedPlace = _unused.AddLast(view);
        view.UnusedAt = time.GetTimestamp();
        if (_unused.Count > MostUnused) Drop(_unused.First!.Value);
        if (_unused.Count(IsAsked) <= MostUnusedAsked) return;
        Drop(_unused.Where(IsAsked).FirstOrDefault(unused => unused != view && !((FilterBodies)unused.Bodies).IsBeingPrepared)
            ?? _unused.First(IsAsked));

        static bool IsAsked(View unused) => unused.Filter!.Place is null;
    }

    private void Drop(View view)
    {
        _unused.Remove(view.UnusedPlace!);
        _idle.Remove(view.Place!);
        _views.Remove(view.Definition.Text);
        _noted.Remove(view);
        view.TotalTimer?.Dispose();
        _filters.Drop(view);
        if (_views.Count == 0) _log.Changes = null;
    }

    private void Reset(View view, Position before)
    {
        ((FilterBodies)view.Bodies).Reset();
        view.Audience.NoteReset(before);
        _noted.Add(view);
        view.ToldRemovals = _log.Removals;
    }

    private void Publish(View view)
    {
        view.TotalChanged = false;
        if (view.Bodies is WindowBodies)
            view.TotalDueAt = time.GetTimestamp() + (long)(TotalTime.TotalSeconds * time.TimestampFrequency);
        view.Audience.Note(_change);
        if (_noted.Count == 0 || _noted[^1] != view) _noted.Add(view);
        view.ToldRemovals = _log.Removals;
    }

    /// <summary>Only the total has changed: tells it now, or when it is due.</summary>
    private void NoteTotal(View view)
    {
        var early = view.TotalDueAt - time.GetTimestamp();
        if (early <= 0)
        {
            Publish(view);
            return;
        }
        if (view.TotalTimer is not null) return;
        var (writer, collection) = (view.Audience.Members[0].Lane.Writer, view.Audience.Members[0].Collection);
        view.TotalTimer = time.CreateTimer(
            _ => writer.Post(new Step(() => TellTotal(view), collection)), null,
            TimeSpan.FromSeconds((double)early / time.TimestampFrequency), Timeout.InfiniteTimeSpan);
    }

    private void TellTotal(View view)
    {
        view.TotalTimer?.Dispose();
        view.TotalTimer = null;
        if (view.TotalChanged && view.Audience.Count > 0) TellEmpty(view);
    }

    /// <summary>Tells a newer position to views that have not changed for long, before the removals are forgotten that a resume from the
    /// last position would need.</summary>
    private void TellIdle()
    {
        // A change of a view does not move it in the list, so the last position of a view is at most two intervals old.
        var interval = _log.RememberedRemovals / 4;
        while (_idle.First is { Value: var view } place && _log.Removals - view.LookedAtRemovals > interval)
        {
            if (view.Audience.Count > 0 && _log.Removals - view.ToldRemovals > interval) TellEmpty(view);
            view.LookedAtRemovals = _log.Removals;
            _idle.Remove(place);
            _idle.AddLast(place);
        }
    }

    private void TellEmpty(View view)
    {
        var bodies = (FilterBodies)view.Bodies;
        _change.Begin(bodies.ChangedAt, bodies.Position);
        _change.Total = bodies.Total;
        Publish(view);
        view.Audience.Tell();
        _noted.Remove(view);
    }
}

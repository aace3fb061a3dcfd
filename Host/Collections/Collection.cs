using SharedState.Host.Contents;

namespace SharedState.Host.Collections;

/// <summary>One collection in memory: its items, its subscriptions, and the requests that wait for it. Touched by the service's turns
/// only.</summary>
internal sealed class Collection
{
    // The collection, its audience and their lists, without items and subscribers.
    private const long EmptyBytes = 1 << 10;

    // Messages share the text of a larger update instead of copying it.
    private const long LargeUpdateBytes = 16 << 10;

    private readonly Limits _limits;
    private readonly MemoryShare _memory; // the service's
    private MemoryShare? _reader;         // that of the client for which it was read
    private readonly TimeProvider _time;
    private readonly TurnQuota _quota;
    private readonly SpareRuns _runs = new();
    private readonly View _whole;
    private Views? _views; // made with the first view that does not contain the whole collection
    private ItemLog _log;
    private readonly ServiceCounts _counts;
    private long _charged; // to the budget of memory
    private int _counted;  // items
    private int _subscriptions;
    private List<Lane> _waitingLanes = []; // their next request waits for this collection; a lane counts while it says so itself

    public Collection(
        CollectionKey key, Limits limits, MemoryShare memory, TurnQuota quota, TimeProvider time, ServiceCounts counts)
    {
        (Key, _limits, _memory, _quota, _time, _counts, _log) = (key, limits, memory, quota, time, counts, new(limits.Tombstones));
        var bodies = new WholeBodies(_log, limits.Memory, quota);
        _whole = new(ViewDefinition.Whole, null, bodies, new(bodies, quota, time, counts, _runs));
        Charge();
        Touch();
    }

    public CollectionKey Key { get; }

    /// <summary>Is told when the collection gets its first item or loses its last one.</summary>
    public Action<CollectionKey>? AppearedOrVanished { private get; init; }

    /// <summary>What the lifetimes have to know of it; null if nothing.</summary>
    public CollectionWatch? Watch { get; set; }

    /// <summary>Its subscriptions, those to all its views.</summary>
    public IEnumerable<Subscription> Subscriptions =>
        _views is null ? _whole.Audience.Members : _whole.Audience.Members.Concat(_views.All.SelectMany(view => view.Audience.Members));

    /// <summary>The state of the collection compared with its storage.</summary>
    public Standing Standing { get; } = new();

    public CollectionState State => Standing.State;

    /// <summary>Its position; undefined before the first load.</summary>
    public Position Position => _log.Position;

    /// <summary>While the results of a batch are checked: the position after the results checked so far; null before the first.</summary>
    public Position? Reached { get; set; }

    /// <summary>Updates that are answered after the collection was read.</summary>
    public List<UnsettledUpdate> Unsettled { get; set; } = [];

    /// <summary>The number of updates that wait for their commit; the next two properties are their maximum growth.</summary>
    public int PendingUpdates { get; set; }

    public int PendingItems { get; set; }

    public long PendingBytes { get; set; }

    /// <summary>The time of its last use, by the monotonic clock.</summary>
    public long UsedAt { get; private set; }

    /// <summary>Whether nothing refers to it, so that it may leave memory.</summary>
    public bool Unused =>
        _subscriptions == 0
        && PendingUpdates == 0
        && Watch is not { Keeps: true }
        && !_waitingLanes.Exists(lane => lane.WaitsFor == this)
        && Unsettled.Count == 0
        && State is CollectionState.Loaded or CollectionState.Away;

    /// <summary>The next request of a lane can run only when this collection is loaded, or its pending updates are done.</summary>
    public void WaitFor(Lane lane)
    {
        if (lane.WaitsFor == this) return;
        lane.WaitsFor = this;
        _waitingLanes.Add(lane);
    }

    /// <summary>Returns the waiting lanes, which may try again now.</summary>
    public List<Lane> TakeWaitingLanes()
    {
        if (_waitingLanes.Count == 0) return _waitingLanes;
        var lanes = _waitingLanes;
        _waitingLanes = [];
        lanes.RemoveAll(lane => lane.WaitsFor != this);
        foreach (var lane in lanes) lane.WaitsFor = null;
        return lanes;
    }

    /// <summary>Takes the stored state, and brings all subscriptions up to date.</summary>
    public void Load(ItemLog log)
    {
        Position? before = Position.Epoch is not null ? Position : null;
        var appeared = before is not null && (_log.Count == 0) != (log.Count == 0);
        _log = log;
        _whole.Bodies.Replace(log);
        Charge();
        Touch();
        Standing.Load();
        AwayBecause = Error.StorageAway; // a want of memory before this reading is over
        _whole.Audience.Loaded(before);
        _views?.Load(log, before);
        if (appeared) AppearedOrVanished?.Invoke(Key);
        Watch?.Loaded(this);
    }

    /// <summary>Takes the stored state of another plugin, and brings all subscriptions up to date; false, without effect, if the state is
    /// the same.</summary>
    public bool TryReplace(ItemLog log)
    {
        if (log.Position == Position)
        {
            if (log.HasItemsOf(_log))
            {
                BringUp();
                return false;
            }
            DistrustAudiences(); // their positions do not distinguish the two
        }
        Load(log);
        return true;
    }

    /// <summary>The collection contains all known commits: waiting subscriptions receive it.</summary>
    public void BringUp()
    {
        if (!Standing.TryBringUp()) return;
        _whole.Audience.Loaded(null);
        _views?.BringUp();
    }

    /// <summary>Whether a known position shows that the collection is behind.</summary>
    public bool IsBehind(Position known) => Standing.IsAhead(known, Position);

    /// <summary>
    /// Takes a stored update of its epoch from any host. The next update is applied, to be told by <see cref="Tell"/>; an update that was
    /// applied before is ignored.
    /// </summary>
    /// <returns>False, without effect, if an earlier update is missing.</returns>
    public bool TryReceive(ItemUpdate update, long revision)
    {
        var ahead = revision - Position.Revision;
        if (ahead == 1) Apply(update, revision);
        return ahead <= 1;
    }

    /// <summary>Tells the applied changes to all subscriptions.</summary>
    public void Tell()
    {
        Touch();
        TellOthers();
    }

    /// <summary>The same for changes of other hosts, which do not count as a use of the collection.</summary>
    public void TellOthers()
    {
        _whole.Audience.Tell();
        _views?.Tell();
    }

    /// <summary>The limit that an update would exceed together with the pending ones, or null.</summary>
    public Error? Exceeds(PendingUpdate pending)
    {
        var update = pending.Asked;
        if (pending.MostItems == 0) return null;
        long items = pending.MostItems, bytes = pending.Bytes;
        if (!update.Reset)
        {
            items += _log.Count + PendingItems;
            bytes += _log.Bytes + PendingBytes;
            if (items <= _limits.CollectionItems && bytes <= _limits.CollectionBytes)
                return HasRoom(pending, pending.Bytes) ? null : Error.Memory;
            foreach (var item in update.Insert) Subtract(item.Id);
            foreach (var id in update.Remove) Subtract(id);
            if (pending.Terms is { } terms) items -= terms.Edited.Count(id => Touched(id) is not null);
        }
        if (items > _limits.CollectionItems) return Error.Limit($"a collection has at most {_limits.CollectionItems} items");
        if (bytes > _limits.CollectionBytes)
            return Error.Limit($"a collection's items have at most {_limits.CollectionBytes} bytes together");
        return HasRoom(pending, update.Reset ? bytes - _log.Bytes : pending.Bytes) ? null : Error.Memory;

        void Subtract(string id)
        {
            if (Touched(id) is not { } entry) return;
            items--;
            bytes -= entry.Json.Length;
        }

        // The limit tells nothing about items that the client may neither see nor remove.
        ItemEntry? Touched(string id) => _log.Find(id) is { } entry && pending.Rights?.Touches(entry.Json) != false ? entry : null;
    }

    /// <summary>An item; null if there is none.</summary>
    public ReadOnlyMemory<byte>? Find(string id) => _log.Find(id)?.Json;

    /// <summary>All items.</summary>
    public IEnumerable<Item> Items => _log.Items;

    /// <summary>Whether it has an item that a client may know of.</summary>
    public bool Contains(ReadRights rights)
    {
        foreach (var entry in _log.All)
        {
            if (entry.Removed) continue;
            _quota.Note(entry.Json.Length);
            if (rights.Sees(entry.Json)) return true;
        }
        return false;
    }

    /// <summary>Whether an update would be accepted in the state that this host knows.</summary>
    public bool WouldAccept(PendingUpdate update)
    {
        Draft().Resolve(update);
        return update.Holds;
    }

    /// <summary>A draft of the next batch.</summary>
    public Draft Draft() => new(_log, _limits.ItemBytes);

    /// <summary>Whether the text of all items of a view exists.</summary>
    public bool HasSnapshot(ViewDefinition definition) =>
        (definition.IsWhole ? _whole : _views?.TryFind(definition))?.Bodies.HasSnapshot == true;

    /// <summary>The view of a definition.</summary>
    public View View(ViewDefinition definition)
    {
        if (definition.IsWhole) return _whole;
        _views ??= new(_log, _limits.Memory, _quota, _time, _counts, _runs);
        Charge();
        return _views.Find(definition);
    }

    /// <summary>A subscription begins.</summary>
    public void Add(Subscription subscription)
    {
        var view = View(subscription.Definition);
        (subscription.Collection, subscription.View) = (this, view);
        _subscriptions++;
        view.Audience.Add(subscription, State == CollectionState.Loaded);
        if (view != _whole) _views!.Heed(view);
        Charge();
    }

    /// <summary>A subscription ends.</summary>
    public void Remove(Subscription subscription)
    {
        var view = subscription.View!;
        view.Audience.Remove(subscription);
        _subscriptions--;
        if (view != _whole) _views!.Heed(view);
        Charge();
        Touch();
    }

    /// <summary>An unexpected failure left the collection in an unknown state: it is not served before it was read again.</summary>
    public void Distrust()
    {
        DistrustAudiences();
        Standing.Distrust();
    }

    /// <summary>Whether there is memory for a log that replaces the current one.</summary>
    public bool Fits(ItemLog log)
    {
        var bytes = log.MemoryBytes - _log.MemoryBytes;
        return _memory.Fits(bytes) && _reader?.Fits(bytes) != false;
    }

    /// <summary>The same, after unused collections have left memory.</summary>
    public bool HasRoom(ItemLog log)
    {
        var bytes = log.MemoryBytes - _log.MemoryBytes;
        return _memory.HasRoom(bytes) && _reader?.HasRoom(bytes) != false;
    }

    /// <summary>The client for which the collection is read, or null.</summary>
    public object? Client => _reader;

    /// <summary>The collection is read for a client, and counts in the client's share of the memory.</summary>
    public void ReadFor(Lane lane)
    {
        _reader?.Charge(-_charged);
        _reader = lane.Memory;
        _reader?.Charge(_charged);
    }

    /// <summary>Whether it could not be read because another client has too much of the memory.</summary>
    public bool ExceedsShareOfOther(Lane lane) =>
        State == CollectionState.Away && AwayBecause == Error.Memory && PendingUpdates == 0 && _reader != lane.Memory;

    /// <summary>Whether it counts in the share of a client.</summary>
    public bool IsOf(Lane lane) => _reader is not null && _reader == lane.Memory;

    /// <summary>The collection leaves memory.</summary>
    public void Leave()
    {
        Charge(-_charged);
        _counts.AddItems(-_counted, -_charged);
        (_charged, _counted) = (0, 0);
    }

    /// <summary>The reason why it could not be read, while it is away.</summary>
    public Error AwayBecause { get; set; } = Error.StorageAway;

    /// <summary>Forgets views that nobody has used for a while.</summary>
    public void ForgetViews(TimeSpan age)
    {
        if (_views is null) return;
        _views.DropUnused(age);
        Charge();
    }

    /// <summary>Discards texts that no client needs any more.</summary>
    public void ForgetBodies()
    {
        _whole.Bodies.Forget();
        _views?.Forget();
        Charge();
    }

    private void DistrustAudiences()
    {
        _whole.Audience.Distrust();
        _views?.Distrust();
    }

    private void Apply(ItemUpdate update, long revision)
    {
        var before = Position;
        var wasEmpty = _log.Count == 0;
        Watch?.Applying(this, update);
        _log.Apply(update, revision);
        if (wasEmpty != (_log.Count == 0)) AppearedOrVanished?.Invoke(Key);
        Charge();
        _whole.Bodies.Forget();
        _views?.Note(before, update.Reset);
        if (_whole.Audience.Count == 0) return;
        var bytes = 0L;
        for (var index = 0; index < update.Insert.Count && bytes <= LargeUpdateBytes; index++) bytes += update.Insert[index].Json.Length;
        for (var index = 0; index < update.Remove.Count && bytes <= LargeUpdateBytes; index++) bytes += update.Remove[index].Length;
        _whole.Audience.Note(before, alone: bytes > LargeUpdateBytes);
    }

    private void Charge()
    {
        var (bytes, items) = (EmptyBytes + _log.MemoryBytes + (_views?.MemoryBytes ?? 0), _log.Count);
        if (bytes == _charged && items == _counted) return;
        Charge(bytes - _charged);
        _counts.AddItems(items - _counted, bytes - _charged);
        (_charged, _counted) = (bytes, items);
    }

    private void Charge(long bytes)
    {
        _limits.Memory.Charge(bytes);
        _memory.Charge(bytes);
        _reader?.Charge(bytes);
    }

    /// <summary>Whether there is memory for an update. It counts in the share of its own client only.</summary>
    private bool HasRoom(PendingUpdate pending, long bytes) =>
        _memory.HasRoom(bytes) && (_reader is null || _reader != pending.Lane.Memory || _reader.HasRoom(bytes));

    private void Touch() => UsedAt = _time.GetTimestamp();
}

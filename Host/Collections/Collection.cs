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
    private readonly Bodies _bodies;
    private ItemLog _log;
    private readonly ServiceCounts _counts;
    private long _charged; // to the budget of memory
    private int _counted;  // items
    private List<Lane> _waitingLanes = []; // their next request waits for this collection; a lane counts while it says so itself

    public Collection(
        CollectionKey key, Limits limits, MemoryShare memory, TextQuota quota, TimeProvider time, ServiceCounts counts)
    {
        (Key, _limits, _memory, _time, _counts, _log) = (key, limits, memory, time, counts, new(limits.Tombstones));
        _bodies = new(_log, limits.Memory, quota);
        Charge();
        Audience = new(_bodies, quota, time, counts);
        Touch();
    }

    public CollectionKey Key { get; }

    /// <summary>Is told when the collection gets its first item or loses its last one.</summary>
    public Action<CollectionKey>? AppearedOrVanished { private get; init; }

    /// <summary>Its subscriptions.</summary>
    public Audience Audience { get; }

    /// <summary>Where it stands against its storage.</summary>
    public Standing Standing { get; } = new();

    public CollectionState State => Standing.State;

    /// <summary>Its position; of no meaning before it was first loaded.</summary>
    public Position Position => _log.Position;

    /// <summary>While the results of a batch are checked: the position after those that were looked at; null before the first.</summary>
    public Position? Reached { get; set; }

    /// <summary>Updates that are answered once the collection was read.</summary>
    public List<UnsettledUpdate> Unsettled { get; set; } = [];

    /// <summary>Updates that wait for their commit, and what they may add at most.</summary>
    public int PendingUpdates { get; set; }

    public int PendingItems { get; set; }

    public long PendingBytes { get; set; }

    /// <summary>When it was last used, by the monotonic clock.</summary>
    public long UsedAt { get; private set; }

    /// <summary>Whether nothing refers to it, so that it may leave memory.</summary>
    public bool Unused =>
        Audience.Count == 0
        && PendingUpdates == 0
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

    /// <summary>The lanes that wait, which may try again now.</summary>
    public List<Lane> TakeWaitingLanes()
    {
        if (_waitingLanes.Count == 0) return _waitingLanes;
        var lanes = _waitingLanes;
        _waitingLanes = [];
        lanes.RemoveAll(lane => lane.WaitsFor != this);
        foreach (var lane in lanes) lane.WaitsFor = null;
        return lanes;
    }

    /// <summary>Takes what storage holds, and brings all subscriptions up to it.</summary>
    public void Load(ItemLog log)
    {
        Position? before = Position.Epoch is not null ? Position : null;
        var appeared = before is not null && (_log.Count == 0) != (log.Count == 0);
        _log = log;
        _bodies.Replace(log);
        Charge();
        Touch();
        Standing.Load();
        AwayBecause = Error.StorageAway; // a want of memory before this reading is over
        Audience.Loaded(before);
        if (appeared) AppearedOrVanished?.Invoke(Key);
    }

    /// <summary>Takes what another plugin holds, and brings all subscriptions up to it; false, and nothing done, where it is the
    /// same.</summary>
    public bool TryReplace(ItemLog log)
    {
        if (log.Position == Position)
        {
            if (log.HasItemsOf(_log))
            {
                BringUp();
                return false;
            }
            Audience.Distrust(); // by their positions the two cannot be told apart
        }
        Load(log);
        return true;
    }

    /// <summary>It holds all that is known to be committed: subscriptions that waited are fed.</summary>
    public void BringUp()
    {
        if (Standing.TryBringUp()) Audience.Loaded(null);
    }

    /// <summary>Whether there is more than it holds, by a position that is known of it.</summary>
    public bool IsBehind(Position known) => Standing.IsAhead(known, Position);

    /// <summary>
    /// Takes a stored update of its epoch, whichever host committed it: the next one is applied, to be told by <see cref="Tell"/>; one that
    /// is here already is passed over.
    /// </summary>
    /// <returns>False if something is missing before it, and nothing was done.</returns>
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
        Audience.Tell();
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
            if (pending.Terms is { } terms) items -= terms.Edited.Count(id => _log.Find(id) is not null);
        }
        if (items > _limits.CollectionItems) return Error.Limit($"a collection has at most {_limits.CollectionItems} items");
        if (bytes > _limits.CollectionBytes)
            return Error.Limit($"a collection's items have at most {_limits.CollectionBytes} bytes together");
        return HasRoom(pending, update.Reset ? bytes - _log.Bytes : pending.Bytes) ? null : Error.Memory;

        void Subtract(string id)
        {
            if (_log.Find(id) is not { } entry) return;
            items--;
            bytes -= entry.Json.Length;
        }
    }

    /// <summary>An item; null if there is none.</summary>
    public ReadOnlyMemory<byte>? Find(string id) => _log.Find(id)?.Json;

    /// <summary>A draft of the next batch.</summary>
    public Draft Draft() => new(_log, _limits.ItemBytes);

    /// <summary>The items, a JSON list.</summary>
    public ReadOnlyMemory<byte> Snapshot() => _bodies.Snapshot();

    /// <summary>A subscription begins.</summary>
    public void Add(Subscription subscription)
    {
        subscription.Collection = this;
        Audience.Add(subscription, State == CollectionState.Loaded);
    }

    /// <summary>A subscription ends.</summary>
    public void Remove(Subscription subscription)
    {
        Audience.Remove(subscription);
        Touch();
    }

    /// <summary>Something failed that should not, with the collection in the middle of it: it is not served before it is read
    /// again.</summary>
    public void Distrust()
    {
        Audience.Distrust();
        Standing.Distrust();
    }

    /// <summary>Whether there is memory for a log in the place of the one there is.</summary>
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

    /// <summary>The client for which it is read; null where there is none.</summary>
    public object? Client => _reader;

    /// <summary>It is read for a client, whose share of the memory it counts in.</summary>
    public void ReadFor(Lane lane)
    {
        _reader?.Charge(-_charged);
        _reader = lane.Memory;
        _reader?.Charge(_charged);
    }

    /// <summary>Whether it could not be read because another client has too much of the memory.</summary>
    public bool ExceedsShareOfOther(Lane lane) =>
        State == CollectionState.Away && AwayBecause == Error.Memory && PendingUpdates == 0 && _reader != lane.Memory;

    /// <summary>Whether the text of its items is there.</summary>
    public bool HasSnapshot => _bodies.HasSnapshot;

    /// <summary>Whether it counts in the share of a client.</summary>
    public bool IsOf(Lane lane) => _reader is not null && _reader == lane.Memory;

    /// <summary>Whether there is memory for the text of its items.</summary>
    public bool HasRoomForSnapshot => _bodies.HasRoom(null);

    /// <summary>The collection leaves memory.</summary>
    public void Leave()
    {
        Charge(-_charged);
        _counts.AddItems(-_counted, -_charged);
        (_charged, _counted) = (0, 0);
    }

    /// <summary>Why it could not be read, while it is away.</summary>
    public Error AwayBecause { get; set; } = Error.StorageAway;

    /// <summary>Forgets texts that nobody may ask for again.</summary>
    public void ForgetBodies() => _bodies.Forget();

    private void Apply(ItemUpdate update, long revision)
    {
        var before = Position;
        var wasEmpty = _log.Count == 0;
        _log.Apply(update, revision);
        if (wasEmpty != (_log.Count == 0)) AppearedOrVanished?.Invoke(Key);
        Charge();
        _bodies.Forget();
        var bytes = 0L;
        for (var index = 0; index < update.Insert.Count && bytes <= LargeUpdateBytes; index++) bytes += update.Insert[index].Json.Length;
        for (var index = 0; index < update.Remove.Count && bytes <= LargeUpdateBytes; index++) bytes += update.Remove[index].Length;
        Audience.Note(before, alone: bytes > LargeUpdateBytes);
    }

    private void Charge()
    {
        var (bytes, items) = (EmptyBytes + _log.MemoryBytes, _log.Count);
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

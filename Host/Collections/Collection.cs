using SharedState.Host.Connections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>Where a collection in memory stands to its storage.</summary>
internal enum CollectionState
{
    /// <summary>It is being read.</summary>
    Loading,

    /// <summary>It is what storage holds, or was when that was last heard of.</summary>
    Loaded,

    /// <summary>Others committed, or may have: it is being brought up, and not served before.</summary>
    Behind,

    /// <summary>It could not be read; it is tried again while someone follows it.</summary>
    Away,
}

/// <summary>One collection in memory: its items, who follows it, and what waits for it. Touched by its writer's loop only.</summary>
internal sealed class Collection
{
    // The notification of a larger update is not copied for each spelling of the path.
    private const long LargeUpdateBytes = 16 << 10;

    private readonly Limits _limits;
    private readonly TimeProvider _time;
    private readonly Bodies _bodies;
    private ItemLog _log;
    private List<RequestLane> _waitingLanes = []; // whose next request waits for this collection

    public Collection(CollectionKey key, Limits limits, TimeProvider time)
    {
        (Key, _limits, _time, _log) = (key, limits, time, new(limits.Tombstones));
        _bodies = new(_log);
        Audience = new(_bodies, time);
        Touch();
    }

    public CollectionKey Key { get; }

    /// <summary>Who follows it.</summary>
    public Audience Audience { get; }

    public CollectionState State { get; set; } = CollectionState.Loading;

    /// <summary>Whether it was read, and may have to be brought up: what is committed to it goes on from there.</summary>
    public bool WasRead => State is CollectionState.Loaded or CollectionState.Behind;

    /// <summary>Where it stands; of no meaning before it was first loaded.</summary>
    public Position Position => _log.Position;

    /// <summary>While the results of a batch are checked: where it stands after those that were looked at; null before the first.</summary>
    public Position? Reached { get; set; }

    /// <summary>Updates that are answered once the collection was read.</summary>
    public List<UnsettledUpdate> Unsettled { get; set; } = [];

    /// <summary>Where it stands by what was heard of it since it was last asked about, or was not reached by the answer; null for nothing.</summary>
    public Position? Heard { get; set; }

    /// <summary>What had been heard of it when it was last asked about.</summary>
    public Position? Asked { get; set; }

    /// <summary>Whether it may be behind, nobody knows how far.</summary>
    public bool Doubted { get; set; }

    /// <summary>Updates that wait for their commit, and what they may add at most.</summary>
    public int PendingUpdates { get; set; }

    public int PendingItems { get; set; }

    public long PendingBytes { get; set; }

    /// <summary>Failed loads in a row.</summary>
    public int FailedLoads { get; set; }

    /// <summary>When it was last used, by the monotonic clock.</summary>
    public long UsedAt { get; private set; }

    /// <summary>Whether nothing refers to it, so that it may leave memory.</summary>
    public bool Unused => Audience.Count == 0 && PendingUpdates == 0 && _waitingLanes.Count == 0 && Unsettled.Count == 0
        && State is CollectionState.Loaded or CollectionState.Away;

    /// <summary>A lane's next request can run only when this collection is loaded, or its pending updates are done.</summary>
    public void WaitFor(RequestLane lane)
    {
        if (lane.Parked) return;
        lane.Parked = true;
        _waitingLanes.Add(lane);
    }

    /// <summary>The lanes that wait, which may now try again.</summary>
    public List<RequestLane> TakeWaitingLanes()
    {
        if (_waitingLanes.Count == 0) return _waitingLanes;
        var lanes = _waitingLanes;
        _waitingLanes = [];
        foreach (var lane in lanes) lane.Parked = false;
        return lanes;
    }

    /// <summary>Takes what storage holds, and brings everyone who follows up to it.</summary>
    public void Load(ItemLog log)
    {
        Position? before = Position.Epoch is not null ? Position : null;
        _log = log;
        _bodies.Replace(log);
        Touch();
        (State, FailedLoads) = (CollectionState.Loaded, 0);
        Audience.Loaded(before);
    }

    /// <summary>Takes what another plugin holds, and brings everyone who follows up to it; false, and nothing done, where it is the same.</summary>
    public bool TryReplace(ItemLog log)
    {
        if (log.Position == Position)
        {
            if (log.HasItemsOf(_log))
            {
                BroughtUp();
                return false;
            }
            Audience.Distrust(); // who follows can't tell the two by their positions
        }
        Load(log);
        return true;
    }

    /// <summary>It holds all that is known to be committed: whoever waited is fed.</summary>
    public void BroughtUp()
    {
        if (State != CollectionState.Behind) return;
        (State, Doubted) = (CollectionState.Loaded, false);
        Audience.Loaded(null);
    }

    /// <summary>Whether there is more than it holds, by a position that someone knows of it.</summary>
    public bool IsBehind(Position known) => known.Epoch != Position.Epoch || known.Revision > Position.Revision;

    /// <summary>
    /// Takes a stored update of its epoch, whoever committed it: the next one is applied, to be told by <see cref="Tell"/>; one that is here already is
    /// passed over.
    /// </summary>
    /// <returns>False if something is missing before it, and nothing was done.</returns>
    public bool TryReceive(ItemUpdate update, long revision)
    {
        var ahead = revision - Position.Revision;
        if (ahead == 1) Apply(update, revision);
        return ahead <= 1;
    }

    /// <summary>Tells everyone who follows what was applied.</summary>
    public void Tell()
    {
        Touch();
        Audience.Tell();
    }

    /// <summary>What is over a limit if an update is added to what is pending, or null.</summary>
    public Error? Exceeds(Request request)
    {
        var update = request.Update!;
        if (update.Insert.Count == 0) return null;
        long items = update.Insert.Count, bytes = request.UpdateBytes;
        if (!update.Reset)
        {
            items += _log.Count + PendingItems;
            bytes += _log.Bytes + PendingBytes;
            if (items <= _limits.CollectionItems && bytes <= _limits.CollectionBytes) return null;
            foreach (var item in update.Insert) Subtract(item.Id);
            foreach (var id in update.Remove) Subtract(id);
        }
        if (items > _limits.CollectionItems) return Error.Limit($"a collection has at most {_limits.CollectionItems} items");
        return bytes > _limits.CollectionBytes ? Error.Limit($"a collection's items have at most {_limits.CollectionBytes} bytes together") : null;

        void Subtract(string id)
        {
            if (_log.Find(id) is not { } entry) return;
            items--;
            bytes -= entry.Json.Length;
        }
    }

    /// <summary>The items, a JSON list.</summary>
    public ReadOnlyMemory<byte> Snapshot() => _bodies.Snapshot();

    /// <summary>Someone follows.</summary>
    public void Add(Subscription subscription)
    {
        subscription.Collection = this;
        Audience.Add(subscription, State == CollectionState.Loaded);
    }

    /// <summary>Someone follows no more.</summary>
    public void Remove(Subscription subscription)
    {
        Audience.Remove(subscription);
        Touch();
    }

    /// <summary>Forgets bodies that nobody may ask for again.</summary>
    public void ForgetBodies() => _bodies.Forget();

    private void Apply(ItemUpdate update, long revision)
    {
        var before = Position;
        _log.Apply(update, revision);
        _bodies.Forget();
        var bytes = 0L;
        for (var index = 0; index < update.Insert.Count && bytes <= LargeUpdateBytes; index++) bytes += update.Insert[index].Json.Length;
        Audience.Note(before, alone: bytes > LargeUpdateBytes);
    }

    private void Touch() => UsedAt = _time.GetTimestamp();
}

using System.Text.Json;
using SharedState.Host.Connections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>Where a collection in memory stands to its storage.</summary>
internal enum CollectionState
{
    /// <summary>It is being read.</summary>
    Loading,

    /// <summary>It is what storage holds.</summary>
    Loaded,

    /// <summary>It could not be read; it is tried again while someone follows it.</summary>
    Away,
}

/// <summary>One collection in memory: its items, its position, and who follows it. Touched by its writer's loop only.</summary>
internal sealed class Collection(CollectionKey key, Limits limits, TimeProvider time)
{
    private ItemLog _log = new(limits.Tombstones);
    private readonly Dictionary<string, List<Subscription>> _audience = new(StringComparer.Ordinal);

    // The last bodies that were built, to be shared by all who stand at the same revision. Cleared when the revision moves.
    private byte[]? _snapshot, _difference;
    private long _differenceSince;
    private int _behind; // subscriptions that are not current
    private List<RequestLane> _waitingLanes = []; // whose next request waits for this collection

    public CollectionKey Key { get; } = key;

    public CollectionState State { get; set; } = CollectionState.Loading;

    /// <summary>Where it stands; of no meaning before it was first loaded.</summary>
    public Position Position => _log.Position;

    /// <summary>Updates of which it is not known whether they were stored, until the collection is loaded again.</summary>
    public List<Request> Uncertain { get; } = [];

    /// <summary>Updates that wait for their commit, and what they may add at most.</summary>
    public int PendingUpdates { get; set; }

    public int PendingItems { get; set; }

    public long PendingBytes { get; set; }

    /// <summary>Failed loads in a row.</summary>
    public int FailedLoads { get; set; }

    /// <summary>When it was last used, by the monotonic clock.</summary>
    public long UsedAt { get; set; } = time.GetTimestamp();

    public int Subscribers { get; private set; }

    /// <summary>Whether nothing refers to it, so that it may leave memory.</summary>
    public bool Unused => Subscribers == 0 && PendingUpdates == 0 && _waitingLanes.Count == 0 && State != CollectionState.Loading;

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
        var (before, loadedBefore) = (Position, Position.Epoch is not null);
        _log = log;
        Moved();
        (State, FailedLoads) = (CollectionState.Loaded, 0);
        if (loadedBefore && before != Position) Broadcast(before);
        foreach (var group in _audience.Values)
        {
            foreach (var subscription in group)
            {
                if (subscription.State == SubscriptionState.Waiting) Feed(subscription);
            }
        }
    }

    /// <summary>What is here may be half of a change, told to some: everyone gets the whole once it is loaded again.</summary>
    public void Distrust()
    {
        foreach (var group in _audience.Values)
        {
            foreach (var subscription in group)
            {
                Set(subscription, SubscriptionState.Waiting);
                subscription.Known = null;
            }
        }
    }

    /// <summary>Applies a stored update and notifies it.</summary>
    /// <param name="update">The update.</param>
    /// <param name="revision">Its revision, the next one.</param>
    public void Apply(ItemUpdate update, long revision)
    {
        var before = Position;
        _log.Apply(update, revision);
        Moved();
        Broadcast(before);
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
            if (items <= limits.CollectionItems && bytes <= limits.CollectionBytes) return null;
            foreach (var item in update.Insert) Subtract(item.Id);
            foreach (var id in update.Remove) Subtract(id);
        }
        if (items > limits.CollectionItems) return Error.Limit($"a collection has at most {limits.CollectionItems} items");
        return bytes > limits.CollectionBytes ? Error.Limit($"a collection's items have at most {limits.CollectionBytes} bytes together") : null;

        void Subtract(string id)
        {
            if (_log.Find(id) is not { } entry) return;
            items--;
            bytes -= entry.Json.Length;
        }
    }

    /// <summary>The items, a JSON list. Built once for each revision.</summary>
    public ReadOnlyMemory<byte> Snapshot() => _snapshot ??= FrameWriter.OfThisThread.Items(_log.All);

    /// <summary>Forgets bodies that nobody may ask for again.</summary>
    public void ForgetBodies() => (_snapshot, _difference) = (null, null);

    /// <summary>Someone follows: is fed at once where that is possible.</summary>
    public void Add(Subscription subscription)
    {
        if (!_audience.TryGetValue(subscription.Request.Spelling, out var group)) _audience.Add(subscription.Request.Spelling, group = []);
        subscription.Index = group.Count;
        subscription.Collection = this;
        group.Add(subscription);
        Subscribers++;
        _behind++;
        if (State == CollectionState.Loaded) Feed(subscription);
    }

    /// <summary>Someone follows no more.</summary>
    public void Remove(Subscription subscription)
    {
        var group = _audience[subscription.Request.Spelling];
        var last = group[^1];
        group[subscription.Index] = last;
        last.Index = subscription.Index;
        group.RemoveAt(group.Count - 1);
        if (group.Count == 0) _audience.Remove(subscription.Request.Spelling);
        Subscribers--;
        if (subscription.State != SubscriptionState.Current) _behind--;
        subscription.Collection = null;
        subscription.Timer?.Dispose();
        ReleaseReplies(subscription);
        UsedAt = time.GetTimestamp();
    }

    /// <summary>
    /// The outbox or the rate of a lagging subscription asks for what it missed. It gets what is here also while that is in doubt: all of
    /// it is stored, and what may have been stored since then comes with the next change.
    /// </summary>
    public void CatchUp(Subscription subscription, bool asked)
    {
        Frame? frame = null;
        if (subscription.State == SubscriptionState.Lagging && IsDue(subscription)) frame = FrameSince(subscription.Known, subscription.Path);

        if (asked) subscription.Outbox.CatchUp(frame);
        if (frame is not null && (asked || subscription.Outbox.TryEnqueue(frame, subscription))) Given(subscription);
    }

    /// <summary>
    /// Lets the reply to an update wait for the requesting connection's own subscriptions that lag: who awaits an update reads it locally.
    /// Returns how many there are.
    /// </summary>
    public int HoldReply(Request request)
    {
        if (_behind == 0) return 0;
        var count = 0;
        foreach (var group in _audience.Values)
        {
            foreach (var subscription in group)
            {
                if (subscription.State == SubscriptionState.Current || subscription.Replies != request.Lane.Replies) continue;
                (subscription.HeldReplies ??= []).Add(request);
                count++;
            }
        }
        return count;
    }

    private static void ReleaseReplies(Subscription subscription)
    {
        if (subscription.HeldReplies is not { } held) return;
        subscription.HeldReplies = null;
        subscription.Replies.Release(held);
    }

    private void Moved()
    {
        UsedAt = time.GetTimestamp();
        ForgetBodies();
    }

    private void Broadcast(Position before)
    {
        foreach (var group in _audience.Values)
        {
            Frame? frame = null;
            foreach (var subscription in group)
            {
                if (subscription.State != SubscriptionState.Current) continue;
                frame ??= FrameSince(before, subscription.Path);
                Offer(subscription, frame, before);
            }
        }
    }

    private void Feed(Subscription subscription) =>
        Offer(subscription, FrameSince(subscription.Known, subscription.Path), subscription.Known);

    private void Offer(Subscription subscription, Frame frame, Position? before)
    {
        if (IsDue(subscription) && subscription.Outbox.TryEnqueue(frame, subscription))
        {
            Given(subscription);
            return;
        }
        Set(subscription, SubscriptionState.Lagging);
        subscription.Known = before;
    }

    private void Given(Subscription subscription)
    {
        Set(subscription, SubscriptionState.Current);
        ReleaseReplies(subscription);
        if (subscription.Request.MinInterval > TimeSpan.Zero)
            subscription.DueAt = time.GetTimestamp() + (long)(subscription.Request.MinInterval.TotalSeconds * time.TimestampFrequency);
    }

    private void Set(Subscription subscription, SubscriptionState state)
    {
        if (subscription.State == state) return;
        if (state == SubscriptionState.Current) _behind--;
        else if (subscription.State == SubscriptionState.Current) _behind++;
        subscription.State = state;
    }

    /// <summary>Whether a rate lets the next notification go; if not, its timer is set.</summary>
    private bool IsDue(Subscription subscription)
    {
        if (subscription.Request.MinInterval == TimeSpan.Zero) return true;
        var early = subscription.DueAt - time.GetTimestamp();
        if (early <= 0) return true;
        var wait = TimeSpan.FromSeconds((double)early / time.TimestampFrequency);
        if (subscription.Timer is not null) subscription.Timer.Change(wait, Timeout.InfiniteTimeSpan);
        else subscription.Timer = time.CreateTimer(
            static state => ((Subscription)state!).Writer.Post(new CatchUpMessage((Subscription)state, Asked: false)), subscription, wait, Timeout.InfiniteTimeSpan);
        return false;
    }

    /// <summary>
    /// What brings someone at a position to now: the difference where there is one, else the whole. The first snapshot, the resume after a
    /// reconnect, the next change, and the merged catch-up of who lags: all are this.
    /// </summary>
    private Frame FrameSince(Position? known, JsonEncodedText path)
    {
        if (known is { } position && position.Epoch == Position.Epoch && position.Revision >= _log.HistoryStart && position.Revision <= Position.Revision)
        {
            if (_difference is null || _differenceSince != position.Revision)
                (_difference, _differenceSince) = (FrameWriter.OfThisThread.Changes(_log.Since(position.Revision)), position.Revision);
            return FrameWriter.OfThisThread.Notify(path, Position, position.Revision, _difference);
        }
        return FrameWriter.OfThisThread.Notify(path, Position, since: null, Snapshot());
    }
}

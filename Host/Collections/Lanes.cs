using SharedState.Host.Connections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>
/// A service's requests until they are answered or go to the next commit: each connection's run in order, and wait where they must. None
/// waits longer than <see cref="WaitTime"/>. Touched by the writer's loop only.
/// </summary>
internal sealed class Lanes(ServiceStorage storage, CollectionCache collections, CommitQueue commits, TimeProvider time, Action<object> post) : IDisposable
{
    // Every request is answered within 10 s; a commit that is given up on has ended by then.
    private static readonly TimeSpan WaitTime = TimeSpan.FromSeconds(9.5), LookInterval = TimeSpan.FromMilliseconds(250);

    private readonly HashSet<RequestLane> _waiting = [];   // lanes with requests that cannot run yet
    private readonly HashSet<Collection> _unsettled = [];  // collections with updates that are kept until they are read
    private ITimer? _look;
    private bool _looking;

    /// <summary>Why nothing runs, or null where it does.</summary>
    public Error? Closed { get; set; } = Error.StorageAway;

    /// <summary>Whether nothing waits.</summary>
    public bool Empty => _waiting.Count == 0 && _unsettled.Count == 0;

    /// <summary>Runs a request now, or puts it behind those of its connection that cannot run yet.</summary>
    public void Enter(Request request)
    {
        if (request.Lane.Waiting.Count > 0)
        {
            // What it will need is read meanwhile, so that a storage that hangs is waited for once, not once for each.
            if (request.Target != Target.Listing) collections.Find(request.Path.Key);
        }
        else if (TryRun(request))
        {
            return;
        }
        else if (IsOverdue(request) && !request.Lane.Replies.AwaitsClient)
        {
            Refuse(request, Error.StorageSilent); // it has waited elsewhere
            return;
        }
        request.Lane.Waiting.Enqueue(request);
        _waiting.Add(request.Lane);
        Look();
    }

    /// <summary>Runs what a lane's requests waited for, as far as they can now.</summary>
    public void Resume(RequestLane lane)
    {
        while (lane.Waiting.TryPeek(out var request) && TryRun(request)) lane.Waiting.Dequeue();
        if (lane.Waiting.Count == 0) _waiting.Remove(lane);
    }

    /// <summary>Runs what waited for a collection.</summary>
    public void ResumeAll(Collection collection)
    {
        foreach (var lane in collection.TakeWaitingLanes()) Resume(lane);
        collections.DropIfNew(collection);
    }

    /// <summary>Answers a listing.</summary>
    public void Finish(ListedMessage listed)
    {
        var (request, lane) = (listed.Request, listed.Request.Lane);
        lane.Listing = false;
        if (lane.Waiting.TryPeek(out var first) && first == request)
        {
            if (listed.Names is { } names) lane.Replies.Answer(request, FrameWriter.OfThisThread.Reply(request, FrameWriter.OfThisThread.List(names)));
            else Refuse(request, Error.StorageAway);
            lane.Waiting.Dequeue();
        }
        Resume(lane);
    }

    /// <summary>There was room for a reply, and may still be. The time in which the client did not read is not storage's.</summary>
    public void Resume(RoomMessage room)
    {
        room.Lane.AwaitsRoom = false;
        var now = time.GetTimestamp();
        if (room.ClientRead)
        {
            foreach (var request in room.Lane.Waiting) request.ReceivedAt = now;
        }
        Resume(room.Lane);
    }

    /// <summary>Keeps an update until its collection is read.</summary>
    public void Keep(UnsettledUpdate update)
    {
        var collection = update.Request.Collection!;
        collection.Unsettled.Add(update);
        _unsettled.Add(collection);
        Look();
    }

    /// <summary>A collection was read: what was kept is to be answered, or kept again.</summary>
    public IReadOnlyList<UnsettledUpdate> TakeKept(Collection collection)
    {
        if (!_unsettled.Remove(collection)) return [];
        var kept = collection.Unsettled;
        collection.Unsettled = [];
        return kept;
    }

    /// <summary>Answers what has waited long enough.</summary>
    public void AnswerOverdue()
    {
        _looking = false;
        foreach (var collection in _unsettled.Where(collection => collection.Unsettled.Exists(update => IsOverdue(update.Request))).ToArray())
        {
            foreach (var update in TakeKept(collection)) Refuse(update.Request, Error.OutcomeUnknown);
        }
        foreach (var lane in _waiting.ToArray())
        {
            if (lane.AwaitsRoom && lane.Replies.AwaitsClient) continue;
            while (lane.Waiting.TryPeek(out var request) && IsOverdue(request))
            {
                Refuse(request, Error.StorageSilent);
                lane.Waiting.Dequeue();
            }
            Resume(lane);
        }
        Look();
    }

    /// <summary>Answers all that waits: nothing will be done any more.</summary>
    public void RefuseAll(Error error)
    {
        foreach (var collection in _unsettled.ToArray())
        {
            foreach (var update in TakeKept(collection)) Refuse(update.Request, Error.OutcomeUnknown);
        }
        foreach (var lane in _waiting)
        {
            while (lane.Waiting.TryDequeue(out var request)) Refuse(request, error);
        }
        _waiting.Clear();
    }

    public static void Refuse(Request request, Error error) => request.Lane.Replies.Answer(request, FrameWriter.OfThisThread.Refuse(request, error));

    public void Dispose() => _look?.Dispose();

    private bool IsOverdue(Request request) => time.GetElapsedTime(request.ReceivedAt) > WaitTime;

    private void Look()
    {
        if (_looking || (_waiting.Count == 0 && _unsettled.Count == 0)) return;
        _looking = true;
        _look ??= time.CreateTimer(_ => post(new OverdueMessage()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _look.Change(LookInterval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Answers a request, or hands it to the next commit; false if it has to wait for something.</summary>
    private bool TryRun(Request request)
    {
        if (Closed is { } closed)
        {
            Refuse(request, closed);
            return true;
        }
        if (request.Target != Target.Update && request.Lane.Commits > 0) return false; // it must see them
        if (request.Target != Target.Update && !request.Lane.Replies.HasRoom(request))
        {
            if (!request.Lane.AwaitsRoom) _ = AwaitRoomAsync(request);
            request.Lane.AwaitsRoom = true;
            return false;
        }
        if (request.Target == Target.Listing) return List(request);
        var collection = collections.Find(request.Path.Key);
        switch (collection.State)
        {
            case CollectionState.Away:
                Refuse(request, Error.StorageAway);
                return true;
            case CollectionState.Loading or CollectionState.Behind:
                collection.WaitFor(request.Lane);
                return false;
            case CollectionState.Loaded when request.Target == Target.Update:
                return Update(request, collection);
            default:
                request.Lane.Replies.Answer(request, FrameWriter.OfThisThread.Reply(request, collection.Snapshot(), collection.Position));
                return true;
        }
    }

    private bool Update(Request request, Collection collection)
    {
        if (collection.Exceeds(request) is not { } error)
        {
            commits.Add(request, collection);
            return true;
        }
        if (collection.PendingUpdates > 0)
        {
            collection.WaitFor(request.Lane); // what is pending may make room: only without it the answer is exact
            return false;
        }
        Refuse(request, error);
        return true;
    }

    private bool List(Request request)
    {
        if (!request.Lane.Listing) _ = ListAsync(request);
        request.Lane.Listing = true;
        return false;
    }

    private async Task AwaitRoomAsync(Request request)
    {
        post(new RoomMessage(request.Lane, await request.Lane.Replies.RoomAsync(request)));
    }

    private async Task ListAsync(Request request)
    {
        try
        {
            post(new ListedMessage(request, await storage.ListAsync(request.Path.App)));
        }
        catch (ItemServiceException exception)
        {
            WriterLog.ListFailed(storage.Logger, storage.ServiceName, WriterLog.Reason(exception), WriterLog.Trace(exception));
            post(new ListedMessage(request, null));
        }
    }
}

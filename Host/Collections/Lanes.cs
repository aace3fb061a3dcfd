using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// A service's requests until they are answered or enter the next commit. The requests of one client run in order. No request waits longer
/// than <see cref="WaitTime"/>. Touched by the service's turns only.
/// </summary>
internal sealed class Lanes(
    CollectionCache collections, Listings listings, CommitQueue commits, TurnQuota quota, TimeProvider time, Action<Work> post)
    : IDisposable
{
    // Every request is answered within 10 s; the host has given up on a hanging commit by then.
    private static readonly TimeSpan WaitTime = TimeSpan.FromSeconds(9.5), LookInterval = TimeSpan.FromMilliseconds(250);

    // A look into a collection takes a few microseconds beside its items, in which a snapshot of so many bytes could be made.
    private const int LookBytes = 16 << 10;

    private readonly HashSet<Lane> _waiting = [];          // lanes with requests that cannot run yet
    private readonly HashSet<Collection> _unsettled = [];  // collections with updates that are kept until they are read
    private ITimer? _look;
    private bool _looking;

    /// <summary>The reason why no request runs, or null if requests run.</summary>
    public Error? Closed { get; set; } = Error.StorageAway;

    /// <summary>Gives an update its lifetime; false if the update has to wait, until its lane is resumed.</summary>
    public required Func<PendingUpdate, bool> TryGrant { private get; init; }

    /// <summary>Whether no request waits.</summary>
    public bool Empty => _waiting.Count == 0 && _unsettled.Count == 0;

    /// <summary>Runs a request now, or queues it behind earlier requests of its client that cannot run yet.</summary>
    public void Enter(PendingRequest request)
    {
        if (request.Lane.Waiting.Count > 0)
        {
            // Its collection is read meanwhile, so that the client waits for a hanging storage once, not once for each request.
            if (request is not PendingListing) collections.Find(request.Key, request.Lane);
        }
        else if (TryRun(request))
        {
            return;
        }
        else if (IsOverdue(request) && !request.AwaitsClient)
        {
            request.Refuse(Error.StorageSilent); // it has waited elsewhere
            return;
        }
        request.Lane.Waiting.Enqueue(request);
        _waiting.Add(request.Lane);
        Look();
    }

    /// <summary>Runs the waiting requests of a lane, as far as they can run now.</summary>
    public void Resume(Lane lane)
    {
        while (lane.Waiting.TryPeek(out var request) && TryRun(request)) lane.Waiting.Dequeue();
        if (lane.Waiting.Count == 0) _waiting.Remove(lane);
    }

    /// <summary>Runs the requests that waited for a collection.</summary>
    public void ResumeAll(Collection collection)
    {
        foreach (var lane in collection.TakeWaitingLanes()) Resume(lane);
        collections.DropIfNew(collection);
    }

    /// <summary>Puts updates that were not stored before all other waiting requests of their client.</summary>
    public void TryAgain(Lane lane, IEnumerable<PendingUpdate> updates)
    {
        var later = lane.Waiting.ToArray();
        lane.Waiting.Clear();
        foreach (var request in updates.Concat(commits.TakeBack(lane)).Concat(later)) lane.Waiting.Enqueue(request);
        _waiting.Add(lane);
        Look();
    }

    /// <summary>Keeps an update until its collection is read.</summary>
    public void Keep(UnsettledUpdate update)
    {
        var collection = update.Request.Collection!;
        collection.Unsettled.Add(update);
        _unsettled.Add(collection);
        Look();
    }

    /// <summary>Returns the updates that were kept until the collection was read, to be answered or kept again.</summary>
    public IReadOnlyList<UnsettledUpdate> TakeKept(Collection collection)
    {
        if (!_unsettled.Remove(collection)) return [];
        var kept = collection.Unsettled;
        collection.Unsettled = [];
        return kept;
    }

    /// <summary>A listing was read, or could not be read.</summary>
    public void FinishListing(PendingListing listing, CollectionNames? names, Error error)
    {
        var lane = listing.Lane;
        lane.Listing = false;
        if (lane.Waiting.TryPeek(out var first) && first == listing)
        {
            if (names is not null && listing.Sieve is { } sieve)
            {
                sieve.Begin(names);
            }
            else
            {
                if (names is not null) listing.Answer(names);
                else listing.Refuse(error);
                lane.Waiting.Dequeue();
            }
        }
        Resume(lane);
    }

    /// <summary>Answers overdue requests.</summary>
    public void AnswerOverdue()
    {
        _looking = false;
        foreach (
            var collection in _unsettled.Where(collection => collection.Unsettled.Exists(update => IsOverdue(update.Request))).ToArray())
        {
            foreach (var update in TakeKept(collection)) update.Request.Refuse(Error.OutcomeUnknown);
        }
        foreach (var lane in _waiting.ToArray())
        {
            if (lane.AwaitsRoom && lane.Waiting.TryPeek(out var first) && first.AwaitsClient) continue;
            while (lane.Waiting.TryPeek(out var request) && IsOverdue(request))
            {
                request.Refuse(Error.StorageSilent);
                lane.Waiting.Dequeue();
            }
            Resume(lane);
        }
        Look();
    }

    /// <summary>Refuses all waiting requests, because the service ends.</summary>
    public void RefuseAll(Error error)
    {
        foreach (var collection in _unsettled.ToArray())
        {
            foreach (var update in TakeKept(collection)) update.Request.Refuse(Error.OutcomeUnknown);
        }
        foreach (var lane in _waiting.ToArray())
        {
            while (lane.Waiting.TryDequeue(out var request)) request.Refuse(error);
        }
        _waiting.Clear();
    }

    /// <summary>Plans a check for overdue requests. Does nothing if a check is planned already, or no request waits.</summary>
    public void Look()
    {
        if (_looking || Empty) return;
        _looking = true;
        _look ??= time.CreateTimer(_ => post(new Step(AnswerOverdue)), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _look.Change(LookInterval, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _look?.Dispose();

    private bool IsOverdue(PendingRequest request) => time.GetElapsedTime(request.ReceivedAt) > WaitTime;

    /// <summary>Answers a request, or hands it to the next commit; false if the request has to wait. A failure is confined to its
    /// collection.</summary>
    private bool TryRun(PendingRequest request)
    {
        try
        {
            return Run(request);
        }
        catch (OutOfMemoryException) when (request is PendingRead)
        {
            collections.Collect(); // nothing was changed: only the text could not be made
            request.Refuse(Error.Memory);
            return true;
        }
        catch (Exception exception) when (request.Collection is not null)
        {
            collections.Fail(request.Collection, exception);
            request.Refuse(Error.Internal);
            return true;
        }
    }

    private bool Run(PendingRequest request)
    {
        if (Closed is { } closed)
        {
            request.Refuse(closed);
            return true;
        }
        if (request is PendingQuery query && !CanAnswer(query)) return false;
        if (request is PendingQuery { Refusal: { } refusal })
        {
            request.Refuse(refusal);
            return true;
        }
        if (request is PendingListing listing) return List(listing);
        var collection = request.Collection = collections.Find(request.Key, request.Lane);
        switch (collection.State)
        {
            case CollectionState.Away:
                request.Refuse(collection.AwayBecause);
                return true;
            case CollectionState.Loading or CollectionState.Behind:
                collection.WaitFor(request.Lane);
                return false;
            case CollectionState.Loaded when request is PendingUpdate update:
                return Update(update, collection);
            default:
                return Read((PendingRead)request, collection);
        }
    }

    private bool Read(PendingRead read, Collection collection)
    {
        // A view that this turn cannot make is not looked for either: it would push out one that is being made.
        var bodies = quota.Spent && !collection.HasSnapshot(read.Definition) ? null : collection.View(read.Definition).Bodies;
        if (bodies is null || (!bodies.HasSnapshot && !bodies.TryPrepare(null)))
        {
            AwaitText(read.Lane, collection);
            return false;
        }
        if (bodies.HasRoom(null)) read.Answer(bodies.Snapshot(), collection.Position, bodies.Total);
        else read.Refuse(Error.Memory);
        return true;
    }

    private void AwaitText(Lane lane, Collection? touches)
    {
        if (lane.AwaitsText) return;
        lane.AwaitsText = true;
        quota.Wait(new Step(
            () =>
            {
                lane.AwaitsText = false;
                Resume(lane);
            },
            touches));
    }

    /// <summary>Whether the updates before a query, which it must see, are done, and there is room for the answer.</summary>
    private bool CanAnswer(PendingQuery query)
    {
        if (query.Lane.Commits > 0) return false;
        if (query.HasRoom) return true;
        if (!query.Lane.AwaitsRoom) _ = AwaitRoomAsync(query);
        query.Lane.AwaitsRoom = true;
        return false;
    }

    private bool Update(PendingUpdate update, Collection collection)
    {
        update.LookAtRights();
        var error = collection.Exceeds(update);
        if (error == Error.Memory)
        {
            collections.DropUnusedOf(update.Lane, kept: collection); // they may be what fills the share of this client
            error = collection.Exceeds(update);
        }
        if (error is null)
        {
            if (update.Lifetime is not null && !TryGrant(update)) return false;
            if (update.Grant?.Refusal is { } refusal) update.Refuse(refusal);
            else commits.Add(update, collection);
            return true;
        }
        if (collection.PendingUpdates > 0)
        {
            collection.WaitFor(update.Lane); // what is pending may make room: only without it the answer is exact
            return false;
        }
        update.Refuse(error);
        return true;
    }

    private bool List(PendingListing listing)
    {
        if (listing.Lane.Listing) return false;
        if (listing.Sieve is { Begun: true } begun) return Sift(listing, begun);
        if (listings.TryFind(listing.Key.App) is { } names)
        {
            if (listing.Sieve is { } sieve)
            {
                sieve.Begin(names);
                return Sift(listing, sieve);
            }
            listing.Answer(names);
            return true;
        }
        listing.Lane.Listing = true;
        listings.Read(listing);
        return false;
    }

    /// <summary>
    /// Looks into the collections of a listing, one after the other; false while one of them is being read, or while other requests have
    /// their turn. There is no limit: it would tell how many collections are hidden.
    /// </summary>
    private bool Sift(PendingListing listing, ListingSieve sieve)
    {
        while (sieve.TryNext(out var name, out var rights))
        {
            if (quota.Spent)
            {
                AwaitText(listing.Lane, touches: null);
                return false;
            }
            var visible = rights is { Reads: true, Visible: null };
            if (rights is { Reads: true, Visible: not null })
            {
                var collection = collections.Find(listing.Key with { Collection = name }, listing.Lane);
                if (collection.State == CollectionState.Away)
                {
                    listing.Refuse(collection.AwayBecause);
                    return true;
                }
                if (collection.State is CollectionState.Loading or CollectionState.Behind)
                {
                    collection.WaitFor(listing.Lane);
                    return false;
                }
                visible = collection.Contains(rights);
            }
            quota.Note(LookBytes);
            sieve.Decide(visible);
            listing.ReceivedAt = time.GetTimestamp(); // a listing that gets on is not overdue
        }
        listing.Answer(sieve.Visible);
        return true;
    }

    private async Task AwaitRoomAsync(PendingQuery query)
    {
        var clientRead = await query.RoomAsync();
        post(new Step(() => FindRoom(query.Lane, clientRead)));
    }

    /// <summary>There is room for an answer. Time in which the client did not read does not count against the storage.</summary>
    private void FindRoom(Lane lane, bool clientRead)
    {
        lane.AwaitsRoom = false;
        if (clientRead)
        {
            var now = time.GetTimestamp();
            foreach (var request in lane.Waiting) request.ReceivedAt = now;
        }
        Resume(lane);
    }
}

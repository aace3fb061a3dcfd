using SharedState.Host.Contents;
using SharedState.Host.Diagnostics;
using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>A service's collections in memory: read when first named, read again when in doubt, dropped when unused. Touched by the
/// service's turns only.</summary>
internal sealed class CollectionCache(
    ServiceStorage storage,
    Limits limits,
    MemoryShare memory,
    TurnQuota quota,
    TimeProvider time,
    Action<Work> post,
    CancellationToken stop)
{
    // A failure that recurs with each reading must not keep the service busy.
    private static readonly TimeSpan DistrustTime = TimeSpan.FromSeconds(1);

    // Of more collections than these, the all-clear is left out.
    private const int MostRefused = 1_000;

    private readonly Dictionary<CollectionKey, Collection> _collections = [];
    private readonly HashSet<CollectionKey> _refused = [];  // for lack of memory, and not read since
    private readonly HashSet<Collection> _passedOn = [];    // read for another client since the last retry
    private bool _open;
    private volatile bool _hasRecords; // the collection of records, which counts for nobody

    /// <summary>The counters of the service.</summary>
    public ServiceCounts Counts { get; } = new();

    /// <summary>The number of collections in memory. Any thread.</summary>
    public int Count => _collections.Count - (_hasRecords ? 1 : 0);

    /// <summary>All collections in memory.</summary>
    public IEnumerable<Collection> All => _collections.Values;

    /// <summary>A collection was read, or could not be read: gets the stored state, or null.</summary>
    public required Action<Collection, ItemLog?> WasRead { private get; init; }

    /// <summary>A collection in memory got its first item, or lost its last one.</summary>
    public required Action<CollectionKey> AppearedOrVanished { private get; init; }

    /// <summary>What the lifetimes have to know of a collection; null if nothing.</summary>
    public required Func<CollectionKey, CollectionWatch?> WatchOf { private get; init; }

    /// <summary>A collection could not be read for lack of memory.</summary>
    public required Action<Collection> HadNoMemory { private get; init; }

    /// <summary>The collection of a key if it is in memory.</summary>
    public Collection? TryFind(CollectionKey key) => _collections.GetValueOrDefault(key);

    /// <summary>The collection of a key. If it is not in memory, the cache begins to read it for a client.</summary>
    public Collection Find(CollectionKey key, Lane lane)
    {
        if (_collections.TryGetValue(key, out var collection))
        {
            // Once in each wait between two retries: clients that ask in turns would make the host read all the time.
            if (!collection.ExceedsShareOfOther(lane) || !_passedOn.Add(collection)) return collection;
            collection.ReadFor(lane);
            Load(collection);
            return collection;
        }
        if (key == OwnCollection.Key) _hasRecords = true;
        collection = new(key, limits, memory, quota, time, key == OwnCollection.Key ? new() : Counts)
        {
            AppearedOrVanished = AppearedOrVanished,
            Watch = WatchOf(key),
        };
        collection.ReadFor(lane);
        _collections.Add(key, collection);
        if (_open) Load(collection);
        else collection.Standing.Postpone();
        return collection;
    }

    /// <summary>The storage is open: the collections that were named before can be read.</summary>
    public void Open()
    {
        _open = true;
        foreach (var collection in _collections.Values) Load(collection);
    }

    /// <summary>Begins to read a collection. A turn gets the outcome.</summary>
    public void Load(Collection collection)
    {
        collection.Standing.BeginLoad();
        _ = LoadAsync(collection);
    }

    /// <summary>Drops every collection that is unused now.</summary>
    public void DropUnused()
    {
        foreach (var collection in _collections.Values)
        {
            if (collection.Unused) Drop(collection);
        }
    }

    /// <summary>Drops the unused collections that count in the share of a client.</summary>
    /// <param name="lane">The client.</param>
    /// <param name="kept">One that stays, because a request for it is under way.</param>
    public void DropUnusedOf(Lane lane, Collection kept)
    {
        foreach (var collection in _collections.Values)
        {
            if (collection != kept && collection.IsOf(lane) && collection.Unused) Drop(collection);
        }
    }

    /// <summary>Whether there is memory for a collection that was read, if necessary after unused collections were dropped.</summary>
    public bool HasRoom(Collection collection, ItemLog stored)
    {
        if (collection.Fits(stored)) return true;
        DropUnused();
        return collection.HasRoom(stored);
    }

    /// <summary>The memory of the process is used up: drops unused collections.</summary>
    public void Collect()
    {
        DropUnused();
        limits.Memory.Collect();
    }

    /// <summary>There is no memory for a collection: it is refused, and read again later if it still has subscribers.</summary>
    public void Refuse(Collection collection)
    {
        WriterLog.NoMemory(storage.Logger, storage.ServiceName, limits.Memory.Limit);
        if (_refused.Count < MostRefused) _refused.Add(collection.Key);
        DropUnused();
        RetryLater(collection);
        collection.AwayBecause = Error.Memory;
    }

    /// <summary>Takes the stored state.</summary>
    public void Take(Collection collection, ItemLog stored)
    {
        _passedOn.Remove(collection);
        if (_refused.Remove(collection.Key)) WriterLog.MemoryAgain(storage.Logger, storage.ServiceName);
        collection.Load(stored);
    }

    /// <summary>A commit with an unknown outcome may have made a collection appear or vanish, and the collection may leave memory before it
    /// is read.</summary>
    public void MayHaveAppeared(Collection collection) => AppearedOrVanished(collection.Key);

    /// <summary>A collection could not be read: tries again later.</summary>
    public void RetryLater(Collection collection)
    {
        collection.Standing.FailLoad();
        collection.AwayBecause = Error.StorageAway;
        _ = RetryAfterAsync(collection, Backoff.After(collection.Standing.FailedLoads));
    }

    /// <summary>An unexpected failure may have affected any collection: all collections are read again, a while later.</summary>
    public void Fail(Exception exception)
    {
        WriterLog.Failed(storage.Logger, storage.ServiceName, exception);
        foreach (var collection in _collections.Values) Distrust(collection);
    }

    /// <summary>An unexpected failure affected this collection: it is read again, a while later. The other collections continue.</summary>
    public void Fail(Collection collection, Exception exception)
    {
        WriterLog.CollectionFailed(storage.Logger, storage.ServiceName, exception);
        Distrust(collection);
    }

    /// <summary>Drops a collection that is unused and was never written: there is nothing to remember.</summary>
    public void DropIfNew(Collection collection)
    {
        if (collection is { Position.Revision: 0, State: CollectionState.Loaded, Unused: true }) Drop(collection);
    }

    /// <summary>Drops a collection if it is in memory; false if it is in use.</summary>
    public bool TryDrop(CollectionKey key)
    {
        if (!_collections.TryGetValue(key, out var collection)) return true;
        if (collection.Unused) Drop(collection);
        return collection.Unused;
    }

    /// <summary>Drops collections that were not used for a while.</summary>
    public void Sweep()
    {
        foreach (var collection in _collections.Values)
        {
            var idle = time.GetElapsedTime(collection.UsedAt);
            collection.ForgetViews(limits.CollectionIdleTime / 4);
            if (idle > limits.CollectionIdleTime / 4) collection.ForgetBodies();
            if (idle > limits.CollectionIdleTime && collection.Unused) Drop(collection);
        }
    }

    /// <summary>It is time to read an absent collection again, if it still has subscribers.</summary>
    private void Retry(Collection collection, int failedLoads)
    {
        if (collection.State != CollectionState.Away || stop.IsCancellationRequested) return;
        if (collection.Standing.FailedLoads != failedLoads) return; // a later failure has a wait of its own
        _passedOn.Remove(collection);
        if (collection.PendingUpdates > 0)
            _ = RetryAfterAsync(collection, Backoff.After(1)); // the reading must include the commit that is running
        else if (!collection.Unused) Load(collection);
        else Drop(collection);
    }

    private void Drop(Collection collection)
    {
        // Another object may have taken the place of one that was dropped before.
        if (_collections.GetValueOrDefault(collection.Key) != collection) return;
        _collections.Remove(collection.Key);
        _passedOn.Remove(collection);
        collection.Leave();
    }

    private void Distrust(Collection collection)
    {
        var wasRead = collection.Standing.WasRead;
        collection.Distrust();
        if (wasRead) _ = RetryAfterAsync(collection, DistrustTime);
    }

    private async Task LoadAsync(Collection collection)
    {
        ItemLog? stored = null;
        try
        {
            stored = await storage.LoadAsync(collection.Key, client: collection.Client);
        }
        catch (ItemServiceException exception) when (exception.InnerException is OutOfMemoryException)
        {
            post(new Step(() => HadNoMemory(collection), collection));
            return;
        }
        catch (ItemServiceException exception)
        {
            WriterLog.LoadFailed(storage.Logger, storage.ServiceName, WriterLog.Reason(exception), WriterLog.Trace(exception));
        }
        HostMeter.Loads.Add(1, HostMeter.Service(storage.ServiceName), HostMeter.Outcome(stored is not null));
        post(new Step(() => WasRead(collection, stored), collection));
    }

    private async Task RetryAfterAsync(Collection collection, TimeSpan wait)
    {
        var failedLoads = collection.Standing.FailedLoads;
        await Task.Delay(wait, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        post(new Step(() => Retry(collection, failedLoads), collection));
    }
}

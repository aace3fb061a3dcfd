namespace SharedState.Host.Collections;

/// <summary>A service's collections in memory: read when first named, read again when in doubt, dropped when unused. Touched by the writer's loop only.</summary>
internal sealed class CollectionCache(ServiceStorage storage, Limits limits, TimeProvider time, Action<object> post, CancellationToken stop)
{
    // So that what fails again and again does not do so without a pause.
    private static readonly TimeSpan DistrustTime = TimeSpan.FromSeconds(1);

    private readonly Dictionary<CollectionKey, Collection> _collections = [];
    private bool _open;

    /// <summary>What is in memory.</summary>
    public IEnumerable<Collection> All => _collections.Values;

    /// <summary>The collection of a key if it is in memory.</summary>
    public Collection? TryFind(CollectionKey key) => _collections.GetValueOrDefault(key);

    /// <summary>The collection of a key, which begins to be read if it is not in memory.</summary>
    public Collection Find(CollectionKey key)
    {
        if (_collections.TryGetValue(key, out var collection)) return collection;
        collection = new(key, limits, time);
        _collections.Add(key, collection);
        if (_open) Load(collection);
        else collection.State = CollectionState.Away;
        return collection;
    }

    /// <summary>The storage is there: what was asked for before can be read.</summary>
    public void Open()
    {
        _open = true;
        foreach (var collection in _collections.Values) Load(collection);
    }

    /// <summary>Reads a collection; the loop gets a <see cref="LoadedMessage"/>.</summary>
    public void Load(Collection collection)
    {
        (collection.State, collection.Heard, collection.Doubted) = (CollectionState.Loading, null, false);
        _ = LoadAsync(collection);
    }

    /// <summary>Drops what nobody uses now.</summary>
    public void DropUnused()
    {
        foreach (var (key, collection) in _collections)
        {
            if (collection.Unused) _collections.Remove(key);
        }
    }

    /// <summary>Takes what was read, or tries again later.</summary>
    public void Finish(LoadedMessage loaded)
    {
        var collection = loaded.Collection;
        if (loaded.Stored is { } stored)
        {
            collection.Load(stored);
            return;
        }
        collection.State = CollectionState.Away;
        WriterLog.LoadFailed(storage.Logger, storage.ServiceName, WriterLog.Reason(loaded.Failure!), WriterLog.Trace(loaded.Failure!));
        _ = RetryLaterAsync(collection, Backoff.After(++collection.FailedLoads));
    }

    /// <summary>It is time to read an absent collection again, if someone still follows it.</summary>
    public void Retry(Collection collection)
    {
        if (collection.State != CollectionState.Away || stop.IsCancellationRequested) return;
        if (collection.PendingUpdates > 0) _ = RetryLaterAsync(collection, Backoff.After(1)); // what is being committed must be in what is read
        else if (!collection.Unused) Load(collection);
        else if (_collections.TryGetValue(collection.Key, out var current) && current == collection) _collections.Remove(collection.Key);
    }

    /// <summary>Something failed that should not, with the collections in the middle of it: all are read again, a while later.</summary>
    public void Distrust()
    {
        foreach (var collection in _collections.Values)
        {
            collection.Audience.Distrust();
            if (!collection.WasRead) continue;
            collection.State = CollectionState.Away;
            _ = RetryLaterAsync(collection, DistrustTime);
        }
    }

    /// <summary>A collection was read that nothing was ever written to: it need not be remembered.</summary>
    public void DropIfNew(Collection collection)
    {
        if (collection is { Position.Revision: 0, State: CollectionState.Loaded, Unused: true }) _collections.Remove(collection.Key);
    }

    /// <summary>Drops what was not used for a while.</summary>
    public void Sweep()
    {
        foreach (var (key, collection) in _collections)
        {
            var idle = time.GetElapsedTime(collection.UsedAt);
            if (idle > limits.CollectionIdleTime / 4) collection.ForgetBodies();
            if (idle > limits.CollectionIdleTime && collection.Unused) _collections.Remove(key);
        }
    }

    private async Task LoadAsync(Collection collection)
    {
        try
        {
            post(new LoadedMessage(collection, await storage.LoadAsync(collection.Key), null));
        }
        catch (ItemServiceException exception)
        {
            post(new LoadedMessage(collection, null, exception));
        }
    }

    private async Task RetryLaterAsync(Collection collection, TimeSpan wait)
    {
        await Task.Delay(wait, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        post(new RetryMessage(collection));
    }
}

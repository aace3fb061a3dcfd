using SharedState.Host.Contents;
using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// Swaps one storage for another between two batches. Updates and reads of storage wait meanwhile; collections in memory are served. The
/// new storage is compared with the collections in memory, so that subscribers receive only differences.
/// </summary>
internal sealed class StorageSwap(
    ServiceStorage storage, CollectionCache collections, CommitQueue commits, Lanes lanes, Feed feed, TimeProvider time, Action<Work> post)
{
    // Updates that wait are answered in time.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    private TaskCompletionSource<IReadOnlyList<CollectionPosition>>? _pausing; // the turn's; gets what is in memory when no commit runs

    /// <summary>Swaps. Completes when updates continue, with the new storage or the old one.</summary>
    public async Task<SwapOutcome> RunAsync(StorageSource next, CancellationToken stop)
    {
        // :: 1. Create the new instance beside the old one: a failure here has no consequence.
        IItemService instance;
        try
        {
            instance = await storage.PrepareAsync(next);
        }
        catch (ItemServiceException exception)
        {
            return new(TimeSpan.Zero, 0, exception);
        }

        // :: 2. Wait for the end of the running batch.
        var began = time.GetTimestamp();
        await using var look = time.CreateTimer(_ => post(new Step(lanes.AnswerOverdue)), null, LookInterval, LookInterval);
        var held = await PauseAsync();
        await feed.EndAsync();

        // :: 3. Exchange the instances.
        var found = new Dictionary<CollectionKey, ItemLog?>();
        var failure = await storage.ExchangeAsync(next, instance, () => CheckAsync(held, found, checking: true), stop);
        if (failure is not null) found.Clear(); // it was read from the storage that was not kept

        // :: 4. Check the remaining collections: they were loaded at the last moment, or the old storage was opened again.
        held = await PauseAsync();
        try
        {
            await CheckAsync([.. held.Where(collection => !found.ContainsKey(collection.Key))], found, checking: false);
        }
        catch (ItemServiceException exception)
        {
            WriterLog.LoadFailed(storage.Logger, storage.ServiceName, WriterLog.Reason(exception), WriterLog.Trace(exception));
        }

        // :: 5. Continue.
        var resumed = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        post(new Step(() => resumed.SetResult(Resume(held, found)), abandon: () => resumed.TrySetResult(0)));
        return new(time.GetElapsedTime(began), await resumed.Task, failure);
    }

    /// <summary>When the last commit has ended, the swap may continue.</summary>
    public void GoOn()
    {
        if (_pausing is null || commits.Committing) return;
        collections.DropUnused();
        var held = collections.All.Where(collection => collection.Standing.WasRead);
        _pausing.SetResult([.. held.Select(collection => new CollectionPosition(collection.Key, collection.Position))]);
        _pausing = null;
    }

    /// <summary>Pauses commits. Completes when the last commit has ended, with the used collections in memory.</summary>
    private Task<IReadOnlyList<CollectionPosition>> PauseAsync()
    {
        var paused = new TaskCompletionSource<IReadOnlyList<CollectionPosition>>(TaskCreationOptions.RunContinuationsAsynchronously);
        post(new Step(() =>
        {
            commits.Paused = true;
            feed.Pause();
            _pausing = paused;
            GoOn();
        }, abandon: () => paused.TrySetResult([])));
        return paused.Task;
    }

    /// <summary>Takes the stored state, and lets commits continue. Returns the number of collections that differed.</summary>
    private int Resume(IReadOnlyList<CollectionPosition> held, Dictionary<CollectionKey, ItemLog?> found)
    {
        commits.Paused = false;
        var changed = 0;
        foreach (var (key, _) in held)
        {
            if (collections.TryFind(key) is not { Standing.WasRead: true } collection) continue; // it is being read, or will be
            try
            {
                if (!found.TryGetValue(key, out var log) || collection.Unsettled.Count > 0) collections.Load(collection);
                else if (log is not null && collection.TryReplace(log) && collection.Key != OwnCollection.Key) changed++;
                lanes.ResumeAll(collection);
            }
            catch (Exception exception)
            {
                collections.Fail(collection, exception);
            }
        }
        feed.Start();
        return changed;
    }

    /// <summary>Determines the stored state: asks the feed for the commits if there is one; otherwise reads all collections.</summary>
    /// <param name="held">The collections in memory.</param>
    /// <param name="found">Gets the stored state of each; null if it equals the state in memory.</param>
    /// <param name="checking">Whether other reads wait for this.</param>
    private async Task CheckAsync(IReadOnlyList<CollectionPosition> held, Dictionary<CollectionKey, ItemLog?> found, bool checking)
    {
        foreach (var asked in storage.HasFeed ? held.Chunk(Feed.CollectionsPerRead) : [])
        {
            var commits = await storage.ReadCommitsAsync(asked, checking);
            for (var index = 0; index < asked.Length; index++)
            {
                if (commits[index] is not null) found.Add(asked[index].Key, null); // what is new of it, the feed brings
            }
        }
        CollectionKey[] unknown = [.. held.Select(collection => collection.Key).Where(key => !found.ContainsKey(key))];
        var logs = await Task.WhenAll(unknown.Select(key => storage.LoadAsync(key, checking)));
        for (var index = 0; index < unknown.Length; index++) found.Add(unknown[index], logs[index]);
    }
}

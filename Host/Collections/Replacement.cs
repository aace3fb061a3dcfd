namespace SharedState.Host.Collections;

/// <summary>
/// Puts one plugin in the place of another between two batches: updates and reads of storage wait meanwhile, what is in memory is served on. What the new
/// one holds is compared with what is in memory, so that who follows a collection notices only what differs.
/// </summary>
internal sealed class Replacement(ServiceStorage storage, CollectionCache collections, CommitQueue commits, Lanes lanes, Feed feed, TimeProvider time, Action<object> post)
{
    // Updates that wait are answered in time.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    private PauseMessage? _pausing; // the writer's

    /// <summary>Replaces. Ends when updates go on, with the one or the other.</summary>
    public async Task<ReplaceOutcome> RunAsync(StorageSource next, CancellationToken stop)
    {
        // :: 1. Beside the old one: what fails here costs nobody anything.
        IItemService instance;
        try
        {
            instance = await storage.PrepareAsync(next);
        }
        catch (ItemServiceException exception)
        {
            return new(TimeSpan.Zero, 0, exception);
        }

        // :: 2. Between two batches.
        var began = time.GetTimestamp();
        await using var look = time.CreateTimer(_ => post(new OverdueMessage()), null, LookInterval, LookInterval);
        var held = await PauseAsync();
        await feed.EndAsync();

        // :: 3. The one for the other.
        var found = new Dictionary<CollectionKey, ItemLog?>();
        var failure = await storage.ReplaceAsync(next, instance, () => CheckAsync(held, found, checking: true), stop);
        if (failure is not null) found.Clear(); // it is the other's

        // :: 4. What is used now and was not checked: it came into memory at the last moment, or the old one was opened again.
        held = await PauseAsync();
        try
        {
            await CheckAsync([.. held.Where(collection => !found.ContainsKey(collection.Key))], found, checking: false);
        }
        catch (ItemServiceException exception)
        {
            WriterLog.LoadFailed(storage.Logger, storage.ServiceName, WriterLog.Reason(exception), WriterLog.Trace(exception));
        }

        // :: 5. On.
        var resume = new ResumeMessage(held, found, new(TaskCreationOptions.RunContinuationsAsynchronously));
        post(resume);
        var changed = await resume.Resumed.Task;
        return new(time.GetElapsedTime(began), changed, failure);
    }

    /// <summary>Lets no more commits begin.</summary>
    public void Begin(PauseMessage pause)
    {
        commits.Paused = true;
        feed.Pause();
        _pausing = pause;
        GoOn();
    }

    /// <summary>When the last commit has ended, the exchange may go on.</summary>
    public void GoOn()
    {
        if (_pausing is null || commits.Committing) return;
        collections.DropUnused();
        _pausing.Paused.SetResult([.. collections.All.Where(collection => collection.WasRead).Select(collection => new CollectionPosition(collection.Key, collection.Position))]);
        _pausing = null;
    }

    /// <summary>Takes what is stored now, and lets commits go on.</summary>
    public void Finish(ResumeMessage resume)
    {
        commits.Paused = false;
        var changed = 0;
        foreach (var (key, _) in resume.Held)
        {
            if (collections.TryFind(key) is not { WasRead: true } collection) continue; // it is being read, or will be
            if (!resume.Found.TryGetValue(key, out var log) || collection.Unsettled.Count > 0) collections.Load(collection);
            else if (log is not null && collection.TryReplace(log)) changed++;
            lanes.ResumeAll(collection);
        }
        feed.Start();
        resume.Resumed.SetResult(changed);
    }

    private Task<IReadOnlyList<CollectionPosition>> PauseAsync()
    {
        var pause = new PauseMessage(new(TaskCreationOptions.RunContinuationsAsynchronously));
        post(pause);
        return pause.Paused.Task;
    }

    /// <summary>Finds out what is stored: where the plugin tells what was committed, that is asked for; else all is read.</summary>
    /// <param name="held">What is in memory.</param>
    /// <param name="found">Gets what is stored of it; null where it is what is in memory.</param>
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

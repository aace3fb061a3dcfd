namespace SharedState.Host.Collections;

/// <summary>
/// What other hosts commit to the same storage: follows the plugin's feed, and brings up the collections in memory that are behind. Without a feed, a
/// collection that turns out to be behind is read as a whole. Touched by the writer's turns only, but for the watching itself.
/// </summary>
internal sealed class Feed(ServiceStorage storage, CollectionCache collections, TimeProvider time, Action<object> post, CancellationToken stop)
{
    /// <summary>What one call of the plugin may be asked for.</summary>
    public const int CollectionsPerRead = 1_000;

    // A list comes at least once a second and confirms what was when it was asked for, so that two seconds are nothing unusual.
    private static readonly TimeSpan FreshTime = TimeSpan.FromSeconds(3);

    private readonly HashSet<Collection> _behind = []; // to be asked about
    private readonly List<Collection> _broughtUp = [];
    private bool _reading;
    private bool _following; // lists come
    private long _confirmedAt; // nothing that was committed until then is missing, by the monotonic clock
    private Task _watching = Task.CompletedTask;
    private CancellationTokenSource? _end; // of the watching

    /// <summary>The storage is open: what others commit is followed from now on.</summary>
    public void Start()
    {
        _following = false;
        if (!storage.HasFeed) return;
        _end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _watching = WatchAsync(_end.Token);
    }

    /// <summary>Lets go of the storage, until the next start.</summary>
    public void Pause()
    {
        _following = false;
        _ = _end?.CancelAsync(); // which runs the plugin's own callbacks: not in a turn
    }

    /// <summary>Ends when nothing is followed any more, which was asked for; a plugin that does not let go is left behind.</summary>
    public async Task EndAsync()
    {
        await _watching.WaitAsync(StorageCommit.CancelTime, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (_watching.IsCompleted) _end?.Dispose();
        _end = null;
    }

    /// <summary>Others may have committed.</summary>
    public void Hear(HeardMessage heard)
    {
        (_following, _confirmedAt) = (true, heard.AskedAt);
        if (heard.First)
        {
            foreach (var collection in collections.All) DoubtWhatIsHere(collection);
        }
        foreach (var (key, position) in heard.Positions)
        {
            if (collections.TryFind(key) is not { } collection) continue;
            collection.Heard = position;
            // The host's own commit is heard of too, often before its outcome is.
            if (collection.PendingUpdates == 0) Heed(collection);
        }
        Ask();
    }

    /// <summary>Nothing is heard any more: what is here is served as it is, unless it may be old already, until there is something to ask again.</summary>
    public void Lost()
    {
        CheckFresh();
        _following = false;
    }

    /// <summary>
    /// If the last list is too old, this host was suspended, or cut off without a word: nothing is served until it was asked for what is missing.
    /// </summary>
    public void CheckFresh()
    {
        if (!_following || time.GetElapsedTime(_confirmedAt) < FreshTime) return;
        _following = false;
        WriterLog.FeedSilent(storage.Logger, storage.ServiceName, FreshTime.TotalSeconds);
        foreach (var collection in collections.All)
        {
            if (collection.State != CollectionState.Loaded) continue;
            collection.State = CollectionState.Behind;
            DoubtWhatIsHere(collection);
        }
        Ask();
    }

    /// <summary>Looks whether a collection is behind what was heard of it.</summary>
    public void Heed(Collection collection)
    {
        if (collection is not { Heard: { } heard, WasRead: true }) return;
        if (collection.IsBehind(heard)) _behind.Add(collection);
        else collection.Heard = null;
    }

    /// <summary>Someone says to know a position: whoever comes from another host may know more than this one, which then asks before it serves.</summary>
    public void Heed(Collection collection, Position known)
    {
        if (_following && collection.IsBehind(known)) BringUp(collection);
    }

    /// <summary>Asks about what is behind, unless that is being done.</summary>
    public void Ask()
    {
        if (_reading || _behind.Count == 0) return;
        Collection[] asked = [.. _behind.Take(CollectionsPerRead)];
        foreach (var collection in asked)
        {
            _behind.Remove(collection);
            (collection.Asked, collection.Heard) = (collection.Heard, null); // what is read from now on has it
        }
        _reading = true;
        _ = ReadAsync(asked, [.. asked.Select(collection => new CollectionPosition(collection.Key, collection.Position))]);
    }

    /// <summary>Brings a collection up, which is not served before; the loop gets a <see cref="ChangesMessage"/> or a <see cref="LoadedMessage"/>.</summary>
    public void BringUp(Collection collection)
    {
        if (collection.State != CollectionState.Loaded) return; // it is on its way, or away
        if (!storage.HasFeed)
        {
            collections.Load(collection);
            return;
        }
        collection.State = CollectionState.Behind;
        DoubtWhatIsHere(collection);
        Ask();
    }

    /// <summary>Takes what was read. Returns the collections that may be served again.</summary>
    public IReadOnlyList<Collection> Finish(ChangesMessage changes)
    {
        _reading = false;
        _broughtUp.Clear();
        for (var index = 0; index < changes.Asked.Count; index++)
        {
            var collection = changes.Asked[index];
            if (!collection.WasRead) continue; // it is read as a whole
            if (TryFinish(collection, changes, index)) _broughtUp.Add(collection);
        }
        // What failed is asked about again with the next list: without one there is nobody to ask.
        if (changes.Failure is { } failure) WriterLog.FeedFailed(storage.Logger, storage.ServiceName, WriterLog.Reason(failure), WriterLog.Trace(failure));
        else Ask();
        return _broughtUp;
    }

    private bool TryFinish(Collection collection, ChangesMessage changes, int index)
    {
        // :: 1. Storage is away: what is here is served, unless something is known to be missing.
        if (changes.Failure is not null)
        {
            if (collection.Unsettled.Count > 0)
            {
                collections.Load(collection);
                return false;
            }
            collection.BroughtUp();
            DoubtWhatIsHere(collection);
            return true;
        }

        // :: 2. What cannot be told is read as a whole.
        if (changes.Commits![index] is not { } commits || !TryApply(collection, commits))
        {
            collections.Load(collection);
            return false;
        }
        collection.Audience.Tell(); // which is no use of it: nobody here may want it

        // :: 3. There may be more: of many commits the newest may have been left out.
        if (commits.Count > 0) collection.Heard ??= collection.Asked;
        if (collection.Doubted && commits.Count > 0) _behind.Add(collection);
        else collection.Doubted = false;
        Heed(collection);
        if (collection.State == CollectionState.Behind && collection.Doubted) return false;
        collection.BroughtUp();
        return true;
    }

    /// <summary>Applies what is new of it; false if something is missing before it.</summary>
    private static bool TryApply(Collection collection, IReadOnlyList<ItemCommit> commits)
    {
        foreach (var commit in commits)
        {
            if (!collection.TryReceive(commit.Update, commit.Revision)) return false;
        }
        return true;
    }

    /// <summary>How far it is behind is not known: it is asked about until nothing comes.</summary>
    private void DoubtWhatIsHere(Collection collection)
    {
        if (!collection.WasRead) return;
        collection.Doubted = true;
        _behind.Add(collection);
    }

    private async Task ReadAsync(Collection[] asked, CollectionPosition[] since)
    {
        try
        {
            post(new ChangesMessage(asked, await storage.ReadCommitsAsync(since), null));
        }
        catch (ItemServiceException exception)
        {
            post(new ChangesMessage(asked, null, exception));
        }
    }

    private async Task WatchAsync(CancellationToken end)
    {
        string? said = null; // an outage is told once
        var failures = 0;
        while (!end.IsCancellationRequested)
        {
            try
            {
                await storage.WatchAsync(Hand, end);
            }
            catch (ItemServiceException) when (end.IsCancellationRequested)
            {
                // It ended as it was asked to.
            }
            catch (ItemServiceException exception)
            {
                post(new FeedLostMessage());
                if (said is null) WriterLog.FeedLost(storage.Logger, storage.ServiceName, said = WriterLog.Reason(exception), WriterLog.Trace(exception));
                await Task.Delay(Backoff.After(++failures), time, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        void Hand(HeardMessage heard)
        {
            if (end.IsCancellationRequested) return; // it is not this storage's any more
            if (said is not null) WriterLog.FeedBack(storage.Logger, storage.ServiceName);
            (said, failures) = (null, 0);
            post(heard);
        }
    }
}

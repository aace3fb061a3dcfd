using System.Security.Cryptography;
using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// One service: its turns are the only code that touches the service's collections. A turn takes the updates that arrived during the last
/// commit, commits them in one storage call, then applies, notifies and replies, in the order of the commit. Reads of loaded collections
/// continue meanwhile.
/// </summary>
internal sealed class ServiceWriter : IAsyncDisposable
{
    // Every request is answered within 10 s, unless its client does not read.
    private static readonly TimeSpan RetireTime = TimeSpan.FromSeconds(10);

    // Instances that break immediately must not keep a service busy.
    private static readonly TimeSpan RenewInterval = TimeSpan.FromSeconds(1);

    private readonly ServiceStorage _storage;
    private readonly TimeProvider _time;
    private readonly Turns _turns;
    private readonly TurnQuota _quota;
    private readonly CollectionCache _collections;
    private readonly Listings _listings;
    private readonly CommitQueue _commits;
    private readonly Lanes _lanes;
    private readonly Feed _feed;
    private readonly Settlement _settlement;
    private readonly Leases _leases;
    private readonly ServiceOpening _opening;
    private readonly StorageSwap _swap;
    private readonly Retirement _retirement;
    private readonly MemoryBudget _memory;
    private readonly Forgetting _forgetting;
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _sweep;
    private readonly List<(PendingUpdate Update, Error Error)> _refused = []; // the turn's
    private bool _stopping;                     // the turn's
    private readonly Lock _gate = new();
    private Task _swapping = Task.CompletedTask; // guarded by _gate
    private long? _renewedAt;                    // guarded by _gate
    private bool _disposed;                      // guarded by _gate

    /// <param name="storage">The storage.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="time">The time.</param>
    /// <param name="random">The source of names and tokens; by default that of the operating system.</param>
    public ServiceWriter(ServiceStorage storage, Limits limits, TimeProvider time, RandomNumberGenerator? random = null)
    {
        (_storage, _time, _memory) = (storage, time, limits.Memory);
        _turns = new(storage.Scheduler, Take, After);
        _quota = new(limits.TurnTextBytes, Post, storage.Scheduler);
        var memory = new MemoryShare(limits.Memory, MemoryShare.OfService);
        _listings = new(storage, limits, memory, Post)
        {
            MayKeep = () => _feed!.IsCurrent && !storage.Stuck,
            WasRead = (listing, names, error) => _lanes!.FinishListing(listing, names, error),
        };
        _collections = new(storage, limits, memory, _quota, time, Post, _stop.Token)
        {
            AppearedOrVanished = key => _listings.Forget(key.App),
            WasRead = (collection, stored) => _settlement!.FinishLoad(collection, stored),
            WatchOf = key => _leases!.WatchOf(key),
            HadNoMemory = collection => _settlement!.FinishLoadWithoutMemory(collection),
        };
        _commits = new(storage, limits, time, Finish);
        _lanes = new(_collections, _listings, _commits, _quota, time, Post) { TryGrant = update => _leases!.TryGrant(update) };
        _feed = new(storage, _collections, time, Post, _stop.Token)
        {
            Settled = collection => _settlement!.Settle(collection, Error.OutcomeUnknown),
            Listings = _listings,
        };
        _settlement = new(_commits, _lanes, _collections, _feed);
        _leases = new(this, storage, _collections, _lanes, _feed, random ?? RandomNumberGenerator.Create(), time);
        _opening = new(
            storage, time, () => Post(new Step(Open)), () => Post(new Step(() => _lanes.Closed = Error.ServiceDown)), _stop.Token);
        _swap = new(storage, _collections, _commits, _lanes, _feed, time, Post);
        _retirement = new(_collections, _commits, _lanes);
        _forgetting = new(storage, _collections, limits, time, Post, _stop.Token);
        storage.Broke = Renew;
        _memory.Register(LetGo);
        _sweep = time.CreateTimer(
            _ => Post(new Step(Sweep)), null, limits.CollectionIdleTime / 4, limits.CollectionIdleTime / 4);
    }

    /// <summary>The service's name, the second segment of its collections' paths.</summary>
    public string Name => _storage.ServiceName;

    /// <summary>The reason why the service will not run, if it is known.</summary>
    public ItemServiceException? Refusal => _opening.Refusal;

    /// <summary>The reason why the storage is not open, while the attempts continue.</summary>
    public ItemServiceException? Obstacle => _opening.Obstacle;

    /// <summary>The reason why the storage does not work, by its last calls; null if it works.</summary>
    public ItemServiceException? Trouble => _storage.Health.Trouble;

    /// <summary>The counters of the service.</summary>
    public ServiceCounts Counts => _collections.Counts;

    /// <summary>The number of collections in memory.</summary>
    public int Collections => _collections.Count;

    /// <summary>The number of items with a lifetime, of all hosts.</summary>
    public int Leases => _leases.Count;

    /// <summary>The maximum delay of commits of other hosts; null if there is no feed.</summary>
    public TimeSpan? FeedDelay => _feed.Delay;

    /// <summary>
    /// Opens the storage. Returns after the first attempt; a storage that is only unavailable is tried again until it opens.
    /// </summary>
    /// <exception cref="ItemServiceException">The service will not run: its configuration is wrong, or its storage unusable.</exception>
    public Task StartAsync() => _opening.StartAsync();

    /// <summary>Hands work to the next turn. Never waits. Any thread.</summary>
    public void Post(Work work) => _turns.Post(work);

    /// <summary>
    /// Takes the turn on the calling thread, unless another thread has it. A busy client does so, because queued requests would survive a
    /// garbage collection, which copies them while their clients wait.
    /// </summary>
    public void Help() => _turns.Run();

    /// <summary>
    /// Swaps the storage for another: another version of its plugin, or another configuration. The swap takes place between two batches,
    /// and only if the new storage opens. If the old storage is not open, there is no way back: the new one is tried until it opens.
    /// </summary>
    public async Task<SwapOutcome> SwapAsync(StorageSource next)
    {
        Task<SwapOutcome> swapping;
        lock (_gate)
        {
            if (_disposed) return new(TimeSpan.Zero, 0, new(ItemServiceFault.Unavailable, "the service is stopping"));
            _swapping = swapping = TakeOverAsync(_swapping, next);
        }
        return await swapping;
    }

    /// <summary>
    /// Ends a service that is no longer configured, and that no connection can find any more: finishes the requests that were read,
    /// notifies the subscribers, and closes the storage. Later requests get <c>no service</c>.
    /// </summary>
    /// <returns>The number of lost items, if the service kept them in memory.</returns>
    public async Task<long> RetireAsync()
    {
        _turns.ClosedBecause = Error.NoService;
        Post(new Step(_retirement.Begin));
        await _retirement.Finished.WaitAsync(RetireTime, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var lost = await CountEphemeralAsync();
        await DisposeAsync();
        return lost;
    }

    /// <summary>Commits the waiting updates, then closes the storage.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate) _disposed = true;
        await _stop.CancelAsync();
        await _swapping;
        await _opening.EndAsync();
        Post(new Step(() =>
        {
            _leases.Stop();
            _stopping = true;
        }));
        await _turns.Ended;
        _memory.Unregister(LetGo);
        await _feed.EndAsync();
        await _forgetting.EndAsync();
        await _sweep.DisposeAsync();
        await _storage.DisposeAsync();
        _lanes.Dispose();
        _leases.Dispose();
        _stop.Dispose();
    }

    // ---- in a turn

    /// <summary>Runs a request, or lets it wait.</summary>
    public void Enter(PendingRequest request) => _lanes.Enter(request);

    /// <summary>A subscription begins.</summary>
    public void Subscribe(Subscription subscription)
    {
        var collection = _collections.Find(subscription.Key, subscription.Lane);
        if (subscription.Known is { } known) _feed.Heed(collection, known);
        collection.Add(subscription);
    }

    /// <summary>A subscription ends.</summary>
    public void Unsubscribe(Subscription subscription)
    {
        if (subscription.Collection is not { } collection) return;
        collection.Remove(subscription);
        _collections.DropIfNew(collection);
    }

    /// <summary>An update with a lifetime was stored; false if its answer has to wait.</summary>
    public bool TryAccept(PendingUpdate update) => _leases.TryAccept(update);

    /// <summary>A client that named holders has gone.</summary>
    public void Leave(Lane lane) => _leases.Leave(lane);

    /// <summary>A commit has ended.</summary>
    private void Finish(CommitOutcome outcome)
    {
        if (outcome.Failure is { InstanceBroken: true } failure) Renew(failure);
        Post(new Step(() => _settlement.Finish(outcome)));
    }

    private void LetGo() => Post(new Step(DropUnused));

    private void DropUnused()
    {
        _collections.DropUnused();
        _listings.ForgetAll();
    }

    private void Sweep()
    {
        _collections.Sweep();
        _listings.ForgetAll(); // what nobody asks for does not stay in memory
    }

    private async Task<long> CountEphemeralAsync()
    {
        try
        {
            return await _storage.CountEphemeralAsync();
        }
        catch (ItemServiceException)
        {
            return 0; // a warning is not worth a failure
        }
    }

    /// <summary>Does a piece of work; without one, starts the next commit. A failure does not end the turns.</summary>
    private void Take(Work? work)
    {
        try
        {
            _feed.CheckFresh();
            if (work is null) Commit();
            else if (!_retirement.TryRefuse(work)) work.Run();
        }
        catch (Exception exception)
        {
            if (work?.Touches is { } collection) _collections.Fail(collection, exception);
            else _collections.Fail(exception);
            work?.Abandon(Error.Internal);
            _lanes.Look(); // some would have been resumed
        }
    }

    private void Commit()
    {
        _swap.GoOn();
        do
        {
            _refused.Clear();
            _commits.Start(_refused);
            foreach (var (update, error) in _refused)
            {
                update.Refuse(error);
                _lanes.Resume(update.Lane);
                _lanes.ResumeAll(update.Collection!);
                _feed.Heed(update.Collection!);
            }
        }
        while (_refused.Count > 0); // what waited behind them may be committed now
    }

    private bool After()
    {
        _quota.Renew();
        _retirement.Look();
        if (!_stopping || !_commits.Empty) return false;
        _retirement.End();
        return true;
    }

    private void Open()
    {
        _lanes.Closed = null;
        _collections.Open();
        _leases.Open();
        _feed.Start();
        _forgetting.Start();
    }

    // ---- swap

    /// <summary>The plugin says that its instance is broken: swaps the storage for a new instance of the same source. Any thread.</summary>
    private void Renew(ItemServiceException failure)
    {
        lock (_gate)
        {
            // A swap that is under way brings another instance.
            if (_disposed || !_swapping.IsCompleted) return;
            if (_renewedAt is { } last && _time.GetElapsedTime(last) < RenewInterval) return;
            _renewedAt = _time.GetTimestamp();
            _swapping = RenewAsync(failure);
        }
    }

    private async Task RenewAsync(ItemServiceException failure)
    {
        await Task.Yield(); // out of the lock
        WriterLog.Renewing(_storage.Logger, Name, WriterLog.Reason(failure));
        var outcome = await TakeOverAsync(Task.CompletedTask, _storage.Source with { Together = null });
        if (outcome.Failure is { } obstacle)
            WriterLog.NotRenewed(_storage.Logger, Name, WriterLog.Reason(obstacle), WriterLog.Trace(obstacle));
        else WriterLog.Renewed(_storage.Logger, Name);
    }

    private async Task<SwapOutcome> TakeOverAsync(Task before, StorageSource next)
    {
        await Task.Yield(); // out of the lock
        await before; // one at a time
        if (_opening.Done) return await _swap.RunAsync(next, _stop.Token);
        await _opening.EndAsync();
        return _opening.Done ? await _swap.RunAsync(next, _stop.Token) : await OpenNextAsync(next);
    }

    /// <summary>
    /// The storage is not open. If other services swap with this one, it stays closed until all of them have opened the new plugin, or
    /// continues to try the old one: two versions of a plugin are never open at the same time.
    /// </summary>
    private async Task<SwapOutcome> OpenNextAsync(StorageSource next)
    {
        var together = next.Together;
        // An attempt that hangs may have the other version open.
        var closed = together is null || (!_storage.Stuck && await together.ClosedAsync());
        var failed = !closed || (together is not null && !await together.OpenedAsync(failed: false));
        if (closed && failed) await together!.ClosedAgainAsync();
        if (!failed) _storage.Use(next);
        Post(new Step(() => _lanes.Closed = Error.StorageAway));
        try
        {
            await _opening.StartAsync();
        }
        catch (ItemServiceException)
        {
            // As at a start: the refusal is there to be looked at.
        }
        return new(TimeSpan.Zero, 0, failed ? Together.Failure : Refusal);
    }
}

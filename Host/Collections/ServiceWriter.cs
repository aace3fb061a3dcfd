using System.Collections.Concurrent;
using SharedState.Host.Connections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>
/// One service: its turns are the only code to touch the service's collections. A turn takes all that arrived while the last commit ran,
/// commits it in one storage call, then applies, notifies and replies, in the order of arrival. Reads of what is loaded go on meanwhile.
/// </summary>
internal sealed class ServiceWriter : IAsyncDisposable
{
    private readonly ConcurrentQueue<object> _inbox = new(); // bounded by each connection's RequestsInFlight
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ServiceStorage _storage;
    private readonly CollectionCache _collections;
    private readonly CommitQueue _commits;
    private readonly Lanes _lanes;
    private readonly Feed _feed;
    private readonly Settlement _settlement;
    private readonly ServiceOpening _opening;
    private readonly Replacement _replacement;
    private readonly Limits _limits;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(Request Request, Error Error)> _refused = [];
    private readonly SendTurn _turn = new();
    private readonly ITimer _sweep;
    private int _scheduled;        // 1 while a turn is to come; any thread's
    private int _running;          // 1 while there is one, on whatever thread: that thread owns all that is not said to be shared
    private volatile int _thread;  // the thread that has the turn, and looks once more before it ends it; 0 for none
    private volatile bool _closed; // after the last turn
    private bool _stopping;        // the turn's
    private readonly Lock _gate = new();
    private Task _replacing = Task.CompletedTask; // guarded by _gate
    private bool _disposed;                       // guarded by _gate

    public ServiceWriter(ServiceStorage storage, Limits limits, TimeProvider time)
    {
        (_storage, _limits, _time) = (storage, limits, time);
        _collections = new(storage, limits, time, Post, _stop.Token);
        _commits = new(storage, limits, time, Post);
        _lanes = new(storage, _collections, _commits, time, Post);
        _feed = new(storage, _collections, time, Post, _stop.Token);
        _settlement = new(_commits, _lanes, _collections, _feed);
        _opening = new(storage, time, Post, _stop.Token);
        _replacement = new(storage, _collections, _commits, _lanes, _feed, time, Post);
        _sweep = time.CreateTimer(_ => Post(new SweepMessage()), null, limits.CollectionIdleTime / 4, limits.CollectionIdleTime / 4);
    }

    /// <summary>The service's name, the second segment of its collections' paths.</summary>
    public string Name => _storage.ServiceName;

    /// <summary>Why the service will not run, once that is known.</summary>
    public ItemServiceException? Refusal => _opening.Refusal;

    /// <summary>Why the storage is not open, while it is tried again.</summary>
    public ItemServiceException? Obstacle => _opening.Obstacle;

    /// <summary>
    /// Opens the storage. Returns after the first attempt; a storage that is only unavailable is tried again until it opens.
    /// </summary>
    /// <exception cref="ItemServiceException">The service will not run: its configuration is wrong, or its storage unusable.</exception>
    public Task StartAsync() => _opening.StartAsync();

    /// <summary>
    /// Lets another plugin, or the same with another configuration, take over: between two batches, and only if it can. One at a time. A storage that is
    /// not open has nothing to go back to: then it is the next one that is tried until it opens.
    /// </summary>
    public async Task<ReplaceOutcome> ReplaceAsync(StorageSource next)
    {
        Task<ReplaceOutcome> replacing;
        lock (_gate)
        {
            if (_disposed) return new(TimeSpan.Zero, 0, new(ItemServiceFault.Unavailable, "the service is stopping"));
            _replacing = replacing = TakeOverAsync(next);
        }
        return await replacing;
    }

    /// <summary>Hands a request or a message to the next turn. Never waits. Any thread.</summary>
    public void Post(object message)
    {
        _inbox.Enqueue(message);
        if (_closed) Refuse();
        else if (_thread != Environment.CurrentManagedThreadId && Interlocked.Exchange(ref _scheduled, 1) == 0)
            Schedule();
    }

    /// <summary>
    /// Does what waits on the calling thread, unless another thread does it. For who has posted much: what waits grows old in memory, which the
    /// garbage collector then copies, while its clients wait.
    /// </summary>
    public void Help() => Run();

    /// <summary>Commits what is there, then closes the storage.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate) _disposed = true;
        await _stop.CancelAsync();
        await _replacing;
        await _opening.EndAsync();
        Post(new StopMessage());
        await _ended.Task;
        await _feed.EndAsync();
        await _sweep.DisposeAsync();
        await _storage.DisposeAsync();
        _lanes.Dispose();
        _stop.Dispose();
    }

    private async Task<ReplaceOutcome> TakeOverAsync(StorageSource next)
    {
        await Task.Yield(); // out of the lock
        if (!_opening.Done)
        {
            await _opening.EndAsync();
            if (!_opening.Done) return await OpenAsync(next);
        }
        return await _replacement.RunAsync(next, _stop.Token);
    }

    private async Task<ReplaceOutcome> OpenAsync(StorageSource next)
    {
        _storage.Use(next);
        Post(new ReopeningMessage());
        try
        {
            await _opening.StartAsync();
        }
        catch (ItemServiceException)
        {
            // As at a start: the refusal is there to be looked at.
        }
        return new(TimeSpan.Zero, 0, Refusal);
    }

    private void Schedule() => _ = Task.Factory.StartNew(
        static state => ((ServiceWriter)state!).RunScheduled(), this, CancellationToken.None, TaskCreationOptions.PreferFairness, _storage.Scheduler);

    private void RunScheduled()
    {
        Interlocked.Exchange(ref _scheduled, 0); // with a fence: what was posted before is seen now, or its poster schedules another turn
        Run();
    }

    /// <summary>Takes turns until nothing waits; nothing if another thread does so already, which will see what waits.</summary>
    private void Run()
    {
        while (!_inbox.IsEmpty && Interlocked.CompareExchange(ref _running, 1, 0) == 0)
        {
            if (!_closed) Turn();
            if (_stopping && _commits.Empty) Close();
            Volatile.Write(ref _running, 0);
            Interlocked.MemoryBarrier(); // what was posted since the last look is seen here, or its poster sees that nobody runs
        }
    }

    private void Turn()
    {
        _thread = Environment.CurrentManagedThreadId;
        _turn.Begin();
        while (!_inbox.IsEmpty)
        {
            while (_inbox.TryDequeue(out var message))
            {
                _feed.CheckFresh();
                Take(message);
            }
            Take(null); // a storage that commits at once has posted the outcome when this returns
        }
        _turn.End();
        _thread = 0;
    }

    /// <summary>The last turn is over: what still comes is refused.</summary>
    private void Close()
    {
        _closed = true;
        Interlocked.MemoryBarrier(); // as above
        Refuse();
        _ended.TrySetResult();
    }

    private void Refuse()
    {
        while (_inbox.TryDequeue(out var message))
        {
            if (message is Request request) Lanes.Refuse(request, Error.Stopping);
            else if (message is DropMessage drop) drop.Done?.TrySetResult();
        }
    }

    /// <summary>Handles a message, or without one starts the next commit. Whatever fails here, the turns go on.</summary>
    private void Take(object? message)
    {
        try
        {
            if (message is null) Commit();
            else Handle(message);
        }
        catch (Exception exception)
        {
            WriterLog.Failed(_storage.Logger, Name, exception);
            _collections.Distrust();
            if (message is Request request) Lanes.Refuse(request, Error.Internal);
            if (message is DropMessage drop) drop.Done?.TrySetResult();
            if (message is CatchUpMessage { Asked: true } catchUp) catchUp.Subscription.Outbox.CatchUp(null);
            if (message is not OverdueMessage) Post(new OverdueMessage()); // lanes that would have been resumed
        }
    }

    private void Handle(object message)
    {
        switch (message)
        {
            case Request request: _lanes.Enter(request); break;
            case SubscribeMessage { Subscription: var subscription }: Subscribe(subscription); break;
            case DropMessage drop: Drop(drop); break;
            case CatchUpMessage catchUp: CatchUp(catchUp); break;
            case CommittedMessage committed: _settlement.Finish(committed); break;
            case LoadedMessage loaded: _settlement.Finish(loaded); break;
            case HeardMessage heard: _feed.Hear(heard); break;
            case ChangesMessage changes: _settlement.Finish(changes); break;
            case FeedLostMessage: _feed.Lost(); break;
            case ListedMessage listed: _lanes.Finish(listed); break;
            case RoomMessage room: _lanes.Resume(room); break;
            case OverdueMessage: _lanes.AnswerOverdue(); break;
            case RetryMessage { Collection: var collection }: _collections.Retry(collection); break;
            case OpenedMessage: Open(); break;
            case ReopeningMessage: _lanes.Closed = Error.StorageAway; break;
            case PauseMessage pause: _replacement.Begin(pause); break;
            case ResumeMessage resume: _replacement.Finish(resume); break;
            case RefusedMessage: _lanes.Closed = Error.ServiceDown; break;
            case SweepMessage: _collections.Sweep(); break;
            case StopMessage: _stopping = true; break;
        }
    }

    private void Commit()
    {
        _replacement.GoOn();
        _commits.Start(_refused);
        foreach (var (request, error) in _refused)
        {
            Lanes.Refuse(request, error);
            _lanes.Resume(request.Lane);
            _feed.Heed(request.Collection!);
        }
        _refused.Clear();
    }

    private void Open()
    {
        _lanes.Closed = null;
        _collections.Open();
        _feed.Start();
    }

    private void Subscribe(Subscription subscription)
    {
        var collection = _collections.Find(subscription.Request.Path.Key);
        if (subscription.Known is { } known) _feed.Heed(collection, known);
        collection.Add(subscription);
    }

    private static void Drop(DropMessage drop)
    {
        foreach (var subscription in drop.Subscriptions) subscription.Collection?.Remove(subscription);
        drop.Done?.TrySetResult();
    }

    private static void CatchUp(CatchUpMessage catchUp)
    {
        if (catchUp.Subscription.Collection is { } collection) collection.Audience.CatchUp(catchUp.Subscription, catchUp.Asked);
        else if (catchUp.Asked) catchUp.Subscription.Outbox.CatchUp(null);
    }
}

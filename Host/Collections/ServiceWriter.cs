using System.Threading.Channels;
using SharedState.Host.Connections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>
/// One service: a loop that is the only code to touch the service's collections. It takes all that arrived while the last commit ran,
/// commits it in one storage call, then applies, notifies and replies, in the order of arrival. Reads of what is loaded go on meanwhile.
/// </summary>
internal sealed class ServiceWriter : IAsyncDisposable
{
    // An update whose outcome is not known is answered so by then, also if its collection still cannot be read.
    private static readonly TimeSpan UncertainTime = TimeSpan.FromSeconds(9.5);

    private readonly Channel<object> _inbox = Channel.CreateUnbounded<object>(new() { SingleReader = true }); // bounded by each connection's RequestsInFlight
    private readonly ServiceStorage _storage;
    private readonly CollectionCache _collections;
    private readonly CommitQueue _commits;
    private readonly Limits _limits;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Request> _refused = [];
    private bool _open, _stopping;
    private Task _loop = Task.CompletedTask, _opening = Task.CompletedTask;

    public ServiceWriter(ServiceStorage storage, Limits limits, TimeProvider time)
    {
        (_storage, _limits, _time) = (storage, limits, time);
        _collections = new(storage, limits, time, Post, _stop.Token);
        _commits = new(storage, _collections, limits, time, Post);
    }

    /// <summary>The service's name, the second segment of its collections' paths.</summary>
    public string Name => _storage.ServiceName;

    /// <summary>Why the service will not run, once that is known.</summary>
    public ItemServiceException? Refusal { get; private set; }

    /// <summary>
    /// Starts the loop and opens the storage. Returns after the first attempt; a storage that is only unavailable is tried again until it opens.
    /// </summary>
    /// <exception cref="ItemServiceException">The service will not run: its configuration is wrong, or its storage unusable.</exception>
    public async Task StartAsync()
    {
        _loop = Task.Run(RunAsync);
        var first = new TaskCompletionSource();
        _opening = OpenAsync(first);
        await first.Task;
        if (Refusal is not null) throw Refusal;
    }

    /// <summary>Sends a request or a message to the loop. Never waits.</summary>
    public void Post(object message)
    {
        if (_inbox.Writer.TryWrite(message)) return;
        if (message is Request request) Refuse(request, Error.Stopping);
        else if (message is DropMessage drop) drop.Done?.TrySetResult();
    }

    /// <summary>Commits what is there, then closes the storage.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _opening;
        Post(new StopMessage());
        await _loop;
        await _storage.DisposeAsync();
        _stop.Dispose();
    }

    private async Task OpenAsync(TaskCompletionSource first)
    {
        for (var attempt = 1; !_stop.IsCancellationRequested; attempt++)
        {
            try
            {
                await _storage.OpenAsync(_stop.Token);
                if (attempt > 1) WriterLog.OpenAtLast(_storage.Logger, Name, attempt);
                Post(new OpenedMessage());
                break;
            }
            catch (ItemServiceException exception) when (!exception.IsTransient)
            {
                Refusal = exception;
                if (attempt > 1) WriterLog.Refused(_storage.Logger, Name, exception.Message, exception);
                break;
            }
            catch (ItemServiceException exception)
            {
                if (!_stop.IsCancellationRequested) WriterLog.NotOpen(_storage.Logger, Name, exception.Message);
                first.TrySetResult();
                await Task.Delay(Backoff.After(attempt), _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        first.TrySetResult();
    }

    private async Task RunAsync()
    {
        await using var sweep = _time.CreateTimer(_ => Post(new SweepMessage()), null, _limits.CollectionIdleTime / 4, _limits.CollectionIdleTime / 4);
        while (await _inbox.Reader.WaitToReadAsync())
        {
            while (_inbox.Reader.TryRead(out var message)) Handle(message);
            Commit();
            if (_stopping && _commits.Empty) _inbox.Writer.TryComplete();
        }
    }

    private void Handle(object message)
    {
        switch (message)
        {
            case Request request: Enter(request); break;
            case SubscribeMessage { Subscription: var subscription }: _collections.Find(subscription.Request.Path.Key).Add(subscription); break;
            case DropMessage drop: Drop(drop); break;
            case CatchUpMessage catchUp: CatchUp(catchUp); break;
            case CommittedMessage committed: Finish(committed); break;
            case LoadedMessage loaded: Finish(loaded); break;
            case ListedMessage listed: Finish(listed); break;
            case UncertainMessage { Collection: var collection }: AnswerUncertain(collection, Error.OutcomeUnknown); break;
            case RetryMessage { Collection: var collection }: _collections.Retry(collection); break;
            case OpenedMessage: Open(); break;
            case SweepMessage: _collections.Sweep(); break;
            case StopMessage: _stopping = true; break;
        }
    }

    // ---- requests

    /// <summary>Runs a request now, or puts it behind those of its connection that cannot run yet.</summary>
    private void Enter(Request request)
    {
        if (request.Lane.Waiting.Count > 0 || !TryRun(request)) request.Lane.Waiting.Enqueue(request);
    }

    private void Resume(RequestLane lane)
    {
        while (lane.Waiting.TryPeek(out var request) && TryRun(request)) lane.Waiting.Dequeue();
    }

    /// <summary>Answers a request, or hands it to the next commit; false if it has to wait for something.</summary>
    private bool TryRun(Request request)
    {
        if (!_open)
        {
            Refuse(request, Refusal is null ? Error.StorageAway : Error.ServiceDown);
            return true;
        }
        if (request.Target != Target.Update && request.Lane.Commits > 0) return false; // it must see them
        if (request.Target == Target.Listing) return List(request);
        var collection = _collections.Find(request.Path.Key);
        switch (collection.State)
        {
            case CollectionState.Away:
                Refuse(request, Error.StorageAway);
                return true;
            case CollectionState.Loading:
                collection.WaitFor(request.Lane);
                return false;
            case CollectionState.Loaded when request.Target == Target.Update:
                return Update(request, collection);
            default:
                request.Lane.Reply(FrameWriter.OfThisThread.Reply(request, collection.Snapshot(), collection.Position));
                _collections.DropIfNew(collection);
                return true;
        }
    }

    private bool Update(Request request, Collection collection)
    {
        if (collection.Exceeds(request) is not { } error)
        {
            _commits.Add(request, collection);
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

    private async Task ListAsync(Request request)
    {
        try
        {
            Post(new ListedMessage(request, await _storage.ListAsync(request.Path.App)));
        }
        catch (ItemServiceException exception)
        {
            WriterLog.ListFailed(_storage.Logger, Name, exception.Message, exception.InnerException);
            Post(new ListedMessage(request, null));
        }
    }

    private void Finish(ListedMessage listed)
    {
        var (request, lane) = (listed.Request, listed.Request.Lane);
        lane.Listing = false;
        lane.Waiting.Dequeue();
        if (listed.Names is { } names) lane.Reply(FrameWriter.OfThisThread.Reply(request, FrameWriter.OfThisThread.List(names)));
        else Refuse(request, Error.StorageAway);
        Resume(lane);
    }

    private static void Refuse(Request request, Error error) => request.Lane.Reply(FrameWriter.OfThisThread.Refuse(request, error));

    // ---- commits

    private void Commit()
    {
        _commits.Start(_refused);
        foreach (var request in _refused)
        {
            Refuse(request, Error.StorageAway);
            Resume(request.Lane);
        }
        _refused.Clear();
    }

    private void Finish(CommittedMessage committed)
    {
        var (batch, results, fault) = _commits.Finish(committed);
        for (var index = 0; index < batch.Count; index++)
        {
            if (fault is null) Apply(batch[index], results![index]);
            else Fail(batch[index], fault.Value);
        }
        foreach (var request in batch)
        {
            Resume(request.Lane);
            ResumeAll(_collections.Find(request.Path.Key));
        }
    }

    private void Apply(Request request, CommitResult result)
    {
        var (collection, update) = (_collections.Find(request.Path.Key), request.Update!);
        if (result.Status == CommitStatus.Committed) collection.Apply(update, result.Position.Revision);
        var reply = FrameWriter.OfThisThread.Reply(request, update.Remove.Count + update.Insert.Count, collection.Position);
        request.Lane.Reply(reply, collection.LaggingOf(request.Lane));
    }

    private void Fail(Request request, ItemServiceFault fault)
    {
        if (fault == ItemServiceFault.OutcomeUnknown)
        {
            Doubt(request);
            return;
        }
        Refuse(request, fault switch
        {
            ItemServiceFault.TooLarge => Error.StorageLimit,
            ItemServiceFault.Unavailable => Error.StorageAway,
            _ => Error.Refused,
        });
    }

    /// <summary>The update may have been stored: its collection is read again before it is served, and before the update is answered.</summary>
    private void Doubt(Request request)
    {
        var collection = _collections.Find(request.Path.Key);
        collection.Uncertain.Add(request);
        if (collection.State != CollectionState.Loaded) return;
        _collections.Load(collection);
        _ = AnswerInTimeAsync(collection, UncertainTime - _time.GetElapsedTime(request.ReceivedAt));
    }

    private async Task AnswerInTimeAsync(Collection collection, TimeSpan left)
    {
        if (left > TimeSpan.Zero) await Task.Delay(left, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Post(new UncertainMessage(collection));
    }

    private static void AnswerUncertain(Collection collection, Error error)
    {
        foreach (var request in collection.Uncertain) Refuse(request, error);
        collection.Uncertain.Clear();
    }

    // ---- collections

    private void Finish(LoadedMessage loaded)
    {
        var collection = loaded.Collection;
        var before = collection.Position;
        _collections.Finish(loaded);
        // Where storage is still where it was, nothing of the commit happened; else it cannot be told whose change it was.
        var unchanged = collection.State == CollectionState.Loaded && collection.Position == before;
        AnswerUncertain(collection, unchanged ? Error.StorageAway : Error.OutcomeUnknown);
        ResumeAll(collection);
    }

    private void ResumeAll(Collection collection)
    {
        foreach (var lane in collection.TakeWaitingLanes()) Resume(lane);
    }

    private void Open()
    {
        _open = true;
        _collections.Open();
    }

    private static void Drop(DropMessage drop)
    {
        foreach (var subscription in drop.Subscriptions) subscription.Collection?.Remove(subscription);
        drop.Done?.TrySetResult();
    }

    private static void CatchUp(CatchUpMessage catchUp)
    {
        if (catchUp.Subscription.Collection is { } collection) collection.CatchUp(catchUp.Subscription, catchUp.Asked);
        else if (catchUp.Asked) catchUp.Subscription.Outbox.CatchUp(null);
    }
}

using System.Threading.Channels;
using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>
/// One service: a loop that is the only code to touch the service's collections. It takes all that arrived while the last commit ran,
/// commits it in one storage call, then applies, notifies and replies, in the order of arrival. Reads of what is loaded go on meanwhile.
/// </summary>
internal sealed class ServiceWriter : IAsyncDisposable
{
    private readonly Channel<object> _inbox = Channel.CreateUnbounded<object>(new() { SingleReader = true }); // bounded by each connection's RequestsInFlight
    private readonly ServiceStorage _storage;
    private readonly CollectionCache _collections;
    private readonly CommitQueue _commits;
    private readonly Lanes _lanes;
    private readonly Limits _limits;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(Request Request, Error Error)> _refused = [];
    private bool _stopping;
    private Task _loop = Task.CompletedTask, _opening = Task.CompletedTask;

    public ServiceWriter(ServiceStorage storage, Limits limits, TimeProvider time)
    {
        (_storage, _limits, _time) = (storage, limits, time);
        _collections = new(storage, limits, time, Post, _stop.Token);
        _commits = new(storage, _collections, limits, time, Post);
        _lanes = new(storage, _collections, _commits, time, Post);
    }

    /// <summary>The service's name, the second segment of its collections' paths.</summary>
    public string Name => _storage.ServiceName;

    /// <summary>Why the service will not run, once that is known.</summary>
    public ItemServiceException? Refusal { get; private set; }

    /// <summary>Why the storage is not open, while it is tried again.</summary>
    public ItemServiceException? Obstacle { get; private set; }

    /// <summary>
    /// Starts the loop and opens the storage. Returns after the first attempt; a storage that is only unavailable is tried again until it opens.
    /// </summary>
    /// <exception cref="ItemServiceException">The service will not run: its configuration is wrong, or its storage unusable.</exception>
    public async Task StartAsync()
    {
        _loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _storage.Scheduler).Unwrap();
        var first = new TaskCompletionSource();
        _opening = OpenAsync(first);
        await first.Task;
        if (Refusal is not null) throw Refusal;
    }

    /// <summary>Sends a request or a message to the loop. Never waits.</summary>
    public void Post(object message)
    {
        if (_inbox.Writer.TryWrite(message)) return;
        if (message is Request request) Lanes.Refuse(request, Error.Stopping);
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
        _lanes.Dispose();
        _stop.Dispose();
    }

    private async Task OpenAsync(TaskCompletionSource first)
    {
        string? said = null; // the same reason is said once
        for (var attempt = 1; !_stop.IsCancellationRequested; attempt++)
        {
            try
            {
                await _storage.OpenAsync(_stop.Token);
                Obstacle = null;
                if (attempt > 1) WriterLog.OpenAtLast(_storage.Logger, Name, attempt);
                Post(new OpenedMessage());
                break;
            }
            catch (ItemServiceException exception) when (!exception.IsTransient)
            {
                (Refusal, Obstacle) = (exception, null);
                Post(new RefusedMessage());
                if (attempt > 1) WriterLog.Refused(_storage.Logger, Name, WriterLog.Reason(exception), WriterLog.Trace(exception));
                break;
            }
            catch (ItemServiceException exception)
            {
                Obstacle = exception;
                var reason = WriterLog.Reason(exception);
                if (reason == said) WriterLog.StillNotOpen(_storage.Logger, Name, said);
                else if (!_stop.IsCancellationRequested) WriterLog.NotOpen(_storage.Logger, Name, said = reason, WriterLog.Trace(exception));
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
            while (_inbox.Reader.TryRead(out var message)) Take(message);
            Take(null);
            if (_stopping && _commits.Empty) _inbox.Writer.TryComplete();
        }
    }

    /// <summary>Handles a message, or without one starts the next commit. Whatever fails here, the loop goes on.</summary>
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
            case SubscribeMessage { Subscription: var subscription }: _collections.Find(subscription.Request.Path.Key).Add(subscription); break;
            case DropMessage drop: Drop(drop); break;
            case CatchUpMessage catchUp: CatchUp(catchUp); break;
            case CommittedMessage committed: Finish(committed); break;
            case LoadedMessage loaded: Finish(loaded); break;
            case ListedMessage listed: _lanes.Finish(listed); break;
            case RoomMessage room: _lanes.Resume(room); break;
            case OverdueMessage: _lanes.AnswerOverdue(); break;
            case RetryMessage { Collection: var collection }: _collections.Retry(collection); break;
            case OpenedMessage: Open(); break;
            case RefusedMessage: _lanes.Closed = Error.ServiceDown; break;
            case SweepMessage: _collections.Sweep(); break;
            case StopMessage: _stopping = true; break;
        }
    }

    // ---- commits

    private void Commit()
    {
        _commits.Start(_refused);
        foreach (var (request, error) in _refused)
        {
            Lanes.Refuse(request, error);
            _lanes.Resume(request.Lane);
        }
        _refused.Clear();
    }

    private void Finish(CommittedMessage committed)
    {
        var (batch, results, fault) = _commits.Finish(committed);
        try
        {
            for (var index = 0; index < batch.Count; index++)
            {
                if (fault is null) Apply(batch[index], results![index]);
                else Fail(batch[index], fault.Value);
            }
        }
        catch
        {
            foreach (var request in batch) Lanes.Refuse(request, Error.OutcomeUnknown); // counts for those that have no answer
            throw;
        }
        foreach (var request in batch)
        {
            _lanes.Resume(request.Lane);
            _lanes.ResumeAll(_collections.Find(request.Path.Key));
        }
    }

    private void Apply(Request request, CommitResult result)
    {
        var (collection, update) = (_collections.Find(request.Path.Key), request.Update!);
        if (result.Status == CommitStatus.Committed) collection.Apply(update, result.Position.Revision);
        var reply = FrameWriter.OfThisThread.Reply(request, update.Remove.Count + update.Insert.Count, collection.Position);
        request.Lane.Replies.Answer(request, reply, collection.HoldReply(request));
    }

    private void Fail(Request request, ItemServiceFault fault)
    {
        if (fault == ItemServiceFault.OutcomeUnknown)
        {
            // It may have been stored: the collection is read again before it is served, and before the update is answered.
            var collection = _collections.Find(request.Path.Key);
            _lanes.Keep(request, collection);
            if (collection.State == CollectionState.Loaded) _collections.Load(collection);
            return;
        }
        Lanes.Refuse(request, fault switch
        {
            ItemServiceFault.TooLarge => Error.StorageLimit,
            ItemServiceFault.Unavailable => Error.StorageAway,
            _ => Error.Refused,
        });
    }

    // ---- collections

    private void Finish(LoadedMessage loaded)
    {
        var collection = loaded.Collection;
        var before = collection.Position;
        _collections.Finish(loaded);
        // Where storage is still where it was, nothing of the commit happened; else it cannot be told whose change it was.
        var unchanged = collection.State == CollectionState.Loaded && collection.Position == before;
        _lanes.AnswerUncertain(collection, unchanged ? Error.StorageAway : Error.OutcomeUnknown);
        _lanes.ResumeAll(collection);
    }

    private void Open()
    {
        _lanes.Closed = null;
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

using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>
/// The updates that wait for storage, committed in groups: all that arrived while the last commit ran is the next one, without a timer.
/// Touched by the writer's loop only.
/// </summary>
internal sealed class CommitQueue(ServiceStorage storage, Limits limits, TimeProvider time, Action<object> post)
{
    // One transaction's worth: larger batches make everyone in them wait for the last.
    private const int BatchUpdates = 1_024;
    private const long BatchBytes = 8 << 20;

    // Every request is answered within 10 s; what is left of them is for a call to be given up on, and for the reply to go out.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(9), LeastTime = TimeSpan.FromMilliseconds(500);

    private readonly Queue<Request> _waiting = new();
    private readonly Queue<Request> _alone = new(); // were in a batch that storage refused; each is tried by itself
    private List<Request> _batch = [], _finished = []; // are being committed; were committed last
    private bool _committing;

    /// <summary>Whether no commit begins.</summary>
    public bool Paused { get; set; }

    public bool Committing => _committing;

    public bool Empty => !_committing && _waiting.Count == 0 && _alone.Count == 0;

    /// <summary>Adds an update to the next commit.</summary>
    public void Add(Request request, Collection collection)
    {
        collection.PendingUpdates++;
        collection.PendingItems += request.Update!.Insert.Count;
        collection.PendingBytes += request.UpdateBytes;
        request.Lane.Commits++;
        request.Collection = collection;
        _waiting.Enqueue(request);
    }

    /// <summary>Commits what waits, unless a commit runs; the loop gets a <see cref="CommittedMessage"/>.</summary>
    /// <param name="refused">Gets what cannot be committed any more, because its collection is in doubt or there is no time left.</param>
    public void Start(List<(Request, Error)> refused)
    {
        if (_committing || Empty) return;
        var now = time.GetTimestamp();
        if (Paused)
        {
            RefuseLate(_alone, now, refused);
            RefuseLate(_waiting, now, refused);
            return;
        }
        if (TryNext(_alone, now, refused, out var single))
        {
            _batch.Add(single);
        }
        else
        {
            for (var bytes = 0L; _batch.Count < BatchUpdates && bytes < BatchBytes && TryNext(_waiting, now, refused, out var request); bytes += request.UpdateBytes)
                _batch.Add(request);
        }
        if (_batch.Count == 0) return;
        _committing = true;
        var limit = limits.StorageTime;
        var updates = new ItemUpdate[_batch.Count]; // the plugin's from now on, to keep if it likes
        for (var index = 0; index < updates.Length; index++)
        {
            if (TimeLeft(_batch[index], now) is var left && left < limit) limit = left;
            updates[index] = _batch[index].Update!;
        }
        if (!storage.TryCommit(updates, limit, post)) post(new CommittedMessage(null, StorageFault.Silent(ItemServiceFault.Unavailable)));
    }

    /// <summary>
    /// Takes the outcome of the commit. Returns its requests, each with its result or with the fault; none where they are to be tried one
    /// by one. They are good until the next commit starts.
    /// </summary>
    public (IReadOnlyList<Request> Batch, CommitResult[]? Results, ItemServiceFault? Fault) Finish(CommittedMessage committed)
    {
        var failure = committed.Failure ?? WrongResults(committed.Results!);
        if (failure is not null)
            WriterLog.CommitFailed(storage.Logger, storage.ServiceName, _batch.Count, failure.Fault, WriterLog.Reason(failure), WriterLog.Trace(failure));
        _committing = false;
        (_batch, _finished) = (_finished, _batch);
        _batch.Clear();
        if (failure is { Fault: ItemServiceFault.TooLarge or ItemServiceFault.Rejected } && _finished.Count > 1)
        {
            _finished.ForEach(_alone.Enqueue);
            _finished.Clear();
        }
        _finished.ForEach(Settle);
        return (_finished, committed.Results, failure?.Fault);
    }

    private bool TryNext(Queue<Request> queue, long now, List<(Request, Error)> refused, out Request request)
    {
        while (queue.TryDequeue(out request!))
        {
            var wasRead = request.Collection!.WasRead;
            if (wasRead && TimeLeft(request, now) >= LeastTime) return true;
            Settle(request);
            refused.Add((request, wasRead ? Error.StorageSilent : Error.StorageAway));
        }
        return false;
    }

    private void RefuseLate(Queue<Request> queue, long now, List<(Request, Error)> refused)
    {
        while (queue.TryPeek(out var request) && TimeLeft(request, now) < LeastTime)
        {
            queue.Dequeue();
            Settle(request);
            refused.Add((request, Error.StorageSilent));
        }
    }

    private TimeSpan TimeLeft(Request request, long now) => AnswerTime - time.GetElapsedTime(request.ReceivedAt, now);

    private void Settle(Request request)
    {
        var collection = request.Collection!;
        collection.PendingUpdates--;
        collection.PendingItems -= request.Update!.Insert.Count;
        collection.PendingBytes -= request.UpdateBytes;
        request.Lane.Commits--;
    }

    /// <summary>Whether a storage that nobody else tells of gave a revision that was there before.</summary>
    private bool Repeats(Collection collection, CommitResult result, int step) =>
        !storage.HasFeed && collection.Position.Epoch == result.Position.Epoch && result.Position.Revision < collection.Position.Revision + step;

    /// <summary>What a plugin must not return: then nothing of it is believed, and the collections are read again.</summary>
    private ItemServiceException? WrongResults(CommitResult[] results)
    {
        var wrong = results.Length != _batch.Count;
        foreach (var request in _batch) request.Collection!.Reached = null;
        for (var index = 0; !wrong && index < _batch.Count; index++)
        {
            var (collection, result) = (_batch[index].Collection!, results[index]);
            var step = result.Status == CommitStatus.Committed ? 1 : 0;
            wrong = result.Status == CommitStatus.Conflict || string.IsNullOrEmpty(result.Position.Epoch)
                || (collection.Reached is { } reached ? result.Position != reached with { Revision = reached.Revision + step } : Repeats(collection, result, step));
            collection.Reached = result.Position;
        }
        return wrong ? new(ItemServiceFault.OutcomeUnknown, "the plugin returned other results or positions than the updates can have") : null;
    }
}

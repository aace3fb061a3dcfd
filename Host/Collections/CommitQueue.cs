namespace SharedState.Host.Collections;

/// <summary>
/// The updates that wait for storage, committed in groups: all that arrived while the last commit ran is the next one, without a timer.
/// Touched by the service's turns only.
/// </summary>
internal sealed class CommitQueue(ServiceStorage storage, Limits limits, TimeProvider time, Action<CommitOutcome> done)
{
    // One transaction's worth: in a larger batch every update waits for the last one.
    private const int BatchUpdates = 1_024;
    private const long BatchBytes = 8 << 20;

    // Every request is answered within 10 s; what is left of them is for a call to be given up on, and for the reply to go out.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(9), LeastTime = TimeSpan.FromMilliseconds(500);

    private readonly Queue<PendingUpdate> _waiting = new();
    private readonly Queue<PendingUpdate> _alone = new(); // were in a batch that storage refused; each is tried alone
    private List<PendingUpdate> _batch = [], _finished = []; // are being committed; were committed last
    private bool _committing;

    /// <summary>Whether no commit begins.</summary>
    public bool Paused { get; set; }

    public bool Committing => _committing;

    public bool Empty => !_committing && _waiting.Count == 0 && _alone.Count == 0;

    /// <summary>Adds an update to the next commit.</summary>
    public void Add(PendingUpdate request, Collection collection)
    {
        collection.PendingUpdates++;
        collection.PendingItems += request.Update.Insert.Count;
        collection.PendingBytes += request.Bytes;
        request.Lane.Commits++;
        _waiting.Enqueue(request);
    }

    /// <summary>Commits the waiting updates, unless a commit runs; the outcome goes to <c>done</c>.</summary>
    /// <param name="refused">Gets what cannot be committed any more, because its collection is in doubt or there is no time left.</param>
    public void Start(List<(PendingUpdate, Error)> refused)
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
            for (
                var bytes = 0L;
                _batch.Count < BatchUpdates && bytes < BatchBytes && TryNext(_waiting, now, refused, out var request);
                bytes += request.Bytes)
                _batch.Add(request);
        }
        if (_batch.Count == 0) return;
        _committing = true;
        var limit = limits.StorageTime;
        var updates = new ItemUpdate[_batch.Count]; // the plugin's from now on, to keep if it likes
        for (var index = 0; index < updates.Length; index++)
        {
            if (TimeLeft(_batch[index], now) is var left && left < limit) limit = left;
            updates[index] = _batch[index].Update;
        }
        if (!storage.TryCommit(updates, limit, done)) done(new(null, StorageFault.Silent(ItemServiceFault.Unavailable)));
    }

    /// <summary>
    /// Takes the outcome of the commit. Returns its updates, each with its result or with the fault; none where they are to be tried one
    /// by one. They are good until the next commit starts.
    /// </summary>
    public (IReadOnlyList<PendingUpdate> Batch, CommitResult[]? Results, ItemServiceFault? Fault) Finish(CommitOutcome committed)
    {
        var failure = committed.Failure ?? WrongResults(committed.Results!);
        if (failure is not null)
            WriterLog.CommitFailed(
                storage.Logger, storage.ServiceName, _batch.Count, failure.Fault, WriterLog.Reason(failure), WriterLog.Trace(failure));
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

    private bool TryNext(Queue<PendingUpdate> queue, long now, List<(PendingUpdate, Error)> refused, out PendingUpdate request)
    {
        while (queue.TryDequeue(out request!))
        {
            var wasRead = request.Collection!.Standing.WasRead;
            if (wasRead && TimeLeft(request, now) >= LeastTime) return true;
            Settle(request);
            refused.Add((request, wasRead ? Error.StorageSilent : Error.StorageAway));
        }
        return false;
    }

    private void RefuseLate(Queue<PendingUpdate> queue, long now, List<(PendingUpdate, Error)> refused)
    {
        while (queue.TryPeek(out var request) && TimeLeft(request, now) < LeastTime)
        {
            queue.Dequeue();
            Settle(request);
            refused.Add((request, Error.StorageSilent));
        }
    }

    private TimeSpan TimeLeft(PendingUpdate request, long now) => AnswerTime - time.GetElapsedTime(request.ReceivedAt, now);

    private void Settle(PendingUpdate request)
    {
        var collection = request.Collection!;
        collection.PendingUpdates--;
        collection.PendingItems -= request.Update.Insert.Count;
        collection.PendingBytes -= request.Bytes;
        request.Lane.Commits--;
    }

    /// <summary>Whether a storage without a feed gave a revision that was there before.</summary>
    private bool Repeats(Collection collection, CommitResult result, int step) =>
        !storage.HasFeed
        && collection.Position.Epoch == result.Position.Epoch
        && result.Position.Revision < collection.Position.Revision + step;

    /// <summary>The failure that wrong results count as: nothing of them is believed, and the collections are read again. Null where they
    /// are right.</summary>
    private ItemServiceException? WrongResults(CommitResult[] results)
    {
        var wrong = results.Length != _batch.Count;
        foreach (var request in _batch) request.Collection!.Reached = null;
        for (var index = 0; !wrong && index < _batch.Count; index++)
        {
            var (collection, result) = (_batch[index].Collection!, results[index]);
            var step = result.Status == CommitStatus.Committed ? 1 : 0;
            wrong = result.Status == CommitStatus.Conflict || string.IsNullOrEmpty(result.Position.Epoch)
                || (
                    collection.Reached is { } reached
                        ? result.Position != reached with { Revision = reached.Revision + step }
                        : Repeats(collection, result, step));
            collection.Reached = result.Position;
        }
        return wrong
            ? new(ItemServiceFault.OutcomeUnknown, "the plugin returned other results or positions than the updates can have")
            : null;
    }
}

using System.Diagnostics.CodeAnalysis;
using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// The updates that wait for storage, committed in groups: the updates that arrived during the last commit form the next one, without a
/// timer. The updates of one client keep their order, and clients take turns. Touched by the service's turns only.
/// </summary>
internal sealed class CommitQueue(ServiceStorage storage, Limits limits, TimeProvider time, Action<CommitOutcome> done)
{
    // In a batch, every update waits for the last one, so batches are bounded. A larger update forms a batch of its own.
    private static readonly BatchSize BatchLimit = new(Updates: 1_024, Operations: 10_000, Bytes: 8 << 20);

    // Every request is answered within 10 s; the rest of this time is for giving up on a call and for sending the reply.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(9), LeastTime = TimeSpan.FromMilliseconds(500);

    private readonly Queue<Lane> _lanes = new();          // those with updates that wait, in the order of their turns
    private readonly Queue<PendingUpdate> _alone = new(); // were in a batch that storage refused; each is tried alone
    private List<PendingUpdate> _batch = [], _finished = []; // are being committed; were committed last
    private bool _committing;
    private bool _largeIsNext; // the first lane has an update that is larger than a batch, and the last batch went before it

    /// <summary>Whether commits are paused.</summary>
    public bool Paused { get; set; }

    public bool Committing => _committing;

    public bool Empty => !_committing && _lanes.Count == 0 && _alone.Count == 0;

    /// <summary>Adds an update to the next commit.</summary>
    public void Add(PendingUpdate request, Collection collection)
    {
        collection.PendingUpdates++;
        collection.PendingItems += request.MostItems;
        collection.PendingBytes += request.Bytes;
        request.Lane.Commits++;
        if (request.Lane.Updates.Count == 0) _lanes.Enqueue(request.Lane);
        request.Lane.Updates.Enqueue(request);
    }

    /// <summary>Commits the waiting updates, unless a commit runs; the outcome goes to <c>done</c>.</summary>
    /// <param name="refused">Gets the updates that cannot be committed, because their collection is in doubt or there is no time
    /// left.</param>
    public void Start(List<(PendingUpdate, Error)> refused)
    {
        if (_committing || Empty) return;
        var now = time.GetTimestamp();
        if (Paused)
        {
            RefuseLate(_alone, now, refused);
            for (var left = _lanes.Count; left > 0; left--)
            {
                var lane = _lanes.Dequeue();
                RefuseLate(lane.Updates, now, refused);
                if (lane.Updates.Count > 0) _lanes.Enqueue(lane);
            }
            return;
        }
        Fill(now, refused);
        if (_batch.Count == 0) return;
        foreach (var pending in _batch) pending.LookAtRights();
        if (_batch.Exists(pending => pending.NeedsState)) Resolve();
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
    /// Takes the outcome of the commit. Returns its updates, each with its result or with the fault, or an empty list if they are to be
    /// tried one by one. The list is valid until the next commit starts.
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

    /// <summary>Takes back the updates that a lane added and that are in no commit yet, in order.</summary>
    public IReadOnlyList<PendingUpdate> TakeBack(Lane lane)
    {
        for (var left = _lanes.Count; left > 0; left--)
        {
            if (_lanes.Dequeue() is var other && other != lane) _lanes.Enqueue(other);
        }
        PendingUpdate[] taken = [.. _alone.Where(request => request.Lane == lane), .. lane.Updates];
        lane.Updates.Clear();
        for (var left = _alone.Count; left > 0; left--)
        {
            if (_alone.Dequeue() is var other && other.Lane != lane) _alone.Enqueue(other);
        }
        foreach (var request in taken) Settle(request);
        return taken;
    }

    private void Fill(long now, List<(PendingUpdate, Error)> refused)
    {
        // :: 1. Updates that storage refused in a batch run alone, and so do updates larger than a batch: of these, every second batch
        // at most.
        if (TryPeek(_alone, now, refused, out _))
        {
            _batch.Add(_alone.Dequeue());
            return;
        }
        var largeIsNext = _largeIsNext;
        _largeIsNext = false;
        if (largeIsNext && TryPeekFirst(now, refused, out var large) && IsLarge(large))
        {
            TakeOfFirst();
            return;
        }

        // :: 2. Half of the batch is divided into shares, so that a small update is in the next batch regardless of other clients.
        var size = default(BatchSize);
        var share = BatchLimit.Share(2 * _lanes.Count);
        for (var left = _lanes.Count; left > 0 && size.Updates < BatchLimit.Updates; left--)
        {
            var lane = _lanes.Dequeue();
            var taken = default(BatchSize);
            while (TryPeek(lane.Updates, now, refused, out var next) && (taken = taken.With(next)).FitsIn(share))
            {
                size = size.With(next);
                _batch.Add(lane.Updates.Dequeue());
            }
            if (lane.Updates.Count > 0) _lanes.Enqueue(lane);
        }

        // :: 3. The rest goes to larger updates, one of each lane in turn; the last one may exceed the limit.
        while (size.IsBelow(BatchLimit) && TryPeekFirst(now, refused, out var next))
        {
            _largeIsNext = IsLarge(next) && _batch.Count > 0;
            if (_largeIsNext) return;
            size = size.With(next);
            TakeOfFirst();
        }
    }

    private void Resolve() => new Drafts(
        alone: !storage.HasFeed, (_, exception) => WriterLog.CollectionFailed(storage.Logger, storage.ServiceName, exception))
        .Resolve(_batch, PutBack);

    /// <summary>Puts updates of the batch that is being built before the others of their lane.</summary>
    private void PutBack(Lane lane, IEnumerable<PendingUpdate> updates)
    {
        if (lane.Updates.Count == 0) _lanes.Enqueue(lane);
        var later = lane.Updates.ToArray();
        lane.Updates.Clear();
        foreach (var request in updates.Concat(later)) lane.Updates.Enqueue(request);
    }

    private static bool IsLarge(PendingUpdate request) => !default(BatchSize).With(request).FitsIn(BatchLimit);

    /// <summary>Finds the next update of the lane whose turn it is. Lanes without updates leave the queue.</summary>
    private bool TryPeekFirst(long now, List<(PendingUpdate, Error)> refused, [NotNullWhen(true)] out PendingUpdate? request)
    {
        while (_lanes.TryPeek(out var lane))
        {
            if (TryPeek(lane.Updates, now, refused, out request)) return true;
            _lanes.Dequeue();
        }
        request = null;
        return false;
    }

    /// <summary>Takes the next update of the lane whose turn it is; the lane's next turn comes after those of all others.</summary>
    private void TakeOfFirst()
    {
        var lane = _lanes.Dequeue();
        _batch.Add(lane.Updates.Dequeue());
        if (lane.Updates.Count > 0) _lanes.Enqueue(lane);
    }

    /// <summary>Finds the next update that can still be committed.</summary>
    private bool TryPeek(
        Queue<PendingUpdate> queue, long now, List<(PendingUpdate, Error)> refused, [NotNullWhen(true)] out PendingUpdate? request)
    {
        while (queue.TryPeek(out request))
        {
            var wasRead = request.Collection!.Standing.WasRead;
            if (wasRead && TimeLeft(request, now) >= LeastTime) return true;
            queue.Dequeue();
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
        collection.PendingItems -= request.MostItems;
        collection.PendingBytes -= request.Bytes;
        request.Lane.Commits--;
    }

    private static bool IsConflict(ItemUpdate update, CommitResult result) =>
        update.Expected is { } expected && expected != result.Position;

    /// <summary>Whether a storage without a feed returned a revision that was used before.</summary>
    private bool Repeats(Collection collection, CommitResult result, int step) =>
        !storage.HasFeed
        && collection.Position.Epoch == result.Position.Epoch
        && result.Position.Revision < collection.Position.Revision + step;

    /// <summary>The failure for invalid results: the host ignores them, and reads the collections again. Null if the results are
    /// valid.</summary>
    private ItemServiceException? WrongResults(CommitResult[] results)
    {
        var wrong = results.Length != _batch.Count;
        foreach (var request in _batch) request.Collection!.Reached = null;
        for (var index = 0; !wrong && index < _batch.Count; index++)
        {
            var (collection, result) = (_batch[index].Collection!, results[index]);
            var step = result.Status == CommitStatus.Committed ? 1 : 0;
            wrong = (result.Status == CommitStatus.Conflict && !IsConflict(_batch[index].Update, result))
                || string.IsNullOrEmpty(result.Position.Epoch)
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

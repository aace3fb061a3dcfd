using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>
/// The updates that wait for storage, committed in groups: all that arrived while the last commit ran is the next one, without a timer.
/// Touched by the writer's loop only.
/// </summary>
internal sealed class CommitQueue(ServiceStorage storage, CollectionCache collections, Limits limits, TimeProvider time, Action<object> post)
{
    // One transaction's worth: larger batches make everyone in them wait for the last.
    private const int BatchUpdates = 1_024;
    private const long BatchBytes = 8 << 20;

    // Every request is answered within 10 s; what is left of them is for a call to be given up on, and for the reply to go out.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(9), LeastTime = TimeSpan.FromMilliseconds(500);

    private readonly Queue<Request> _waiting = new();
    private readonly Queue<Request> _alone = new(); // were in a batch that storage refused; each is tried by itself
    private readonly List<Request> _batch = [];     // are being committed
    private bool _committing;

    public bool Empty => !_committing && _waiting.Count == 0 && _alone.Count == 0;

    /// <summary>Adds an update to the next commit.</summary>
    public void Add(Request request, Collection collection)
    {
        collection.PendingUpdates++;
        collection.PendingItems += request.Update!.Insert.Count;
        collection.PendingBytes += request.UpdateBytes;
        request.Lane.Commits++;
        _waiting.Enqueue(request);
    }

    /// <summary>Commits what waits, unless a commit runs; the loop gets a <see cref="CommittedMessage"/>.</summary>
    /// <param name="refused">Gets what cannot be committed any more, because its collection is in doubt or there is no time left.</param>
    public void Start(List<(Request, Error)> refused)
    {
        if (_committing) return;
        if (TryNext(_alone, refused, out var single))
        {
            _batch.Add(single);
        }
        else
        {
            for (var bytes = 0L; _batch.Count < BatchUpdates && bytes < BatchBytes && TryNext(_waiting, refused, out var request); bytes += request.UpdateBytes)
                _batch.Add(request);
        }
        if (_batch.Count == 0) return;
        _committing = true;
        var limit = limits.StorageTime;
        foreach (var request in _batch)
        {
            if (TimeLeft(request) is var left && left < limit) limit = left;
        }
        _ = CommitAsync(_batch.ConvertAll(request => request.Update!), limit);
    }

    /// <summary>
    /// Takes the outcome of the commit. Returns its requests, each with its result or with the fault; none where they are to be tried one
    /// by one.
    /// </summary>
    public (List<Request> Batch, CommitResult[]? Results, ItemServiceFault? Fault) Finish(CommittedMessage committed)
    {
        var failure = committed.Failure ?? WrongResults(committed.Results);
        if (failure is not null)
            WriterLog.CommitFailed(storage.Logger, storage.ServiceName, _batch.Count, failure.Fault, WriterLog.Reason(failure), WriterLog.Trace(failure));
        var batch = new List<Request>(_batch);
        _batch.Clear();
        _committing = false;
        if (failure is { Fault: ItemServiceFault.TooLarge or ItemServiceFault.Rejected } && batch.Count > 1)
        {
            batch.ForEach(_alone.Enqueue);
            batch.Clear();
        }
        batch.ForEach(Settle);
        return (batch, committed.Results, failure?.Fault);
    }

    private bool TryNext(Queue<Request> queue, List<(Request, Error)> refused, out Request request)
    {
        while (queue.TryDequeue(out request!))
        {
            var loaded = collections.Find(request.Path.Key).State == CollectionState.Loaded;
            if (loaded && TimeLeft(request) >= LeastTime) return true;
            Settle(request);
            refused.Add((request, loaded ? Error.StorageSilent : Error.StorageAway));
        }
        return false;
    }

    private TimeSpan TimeLeft(Request request) => AnswerTime - time.GetElapsedTime(request.ReceivedAt);

    private void Settle(Request request)
    {
        var collection = collections.Find(request.Path.Key);
        collection.PendingUpdates--;
        collection.PendingItems -= request.Update!.Insert.Count;
        collection.PendingBytes -= request.UpdateBytes;
        request.Lane.Commits--;
    }

    private async Task CommitAsync(List<ItemUpdate> batch, TimeSpan limit)
    {
        try
        {
            post(new CommittedMessage(await storage.CommitAsync(batch, limit), null));
        }
        catch (ItemServiceException exception)
        {
            post(new CommittedMessage(null, exception));
        }
    }

    /// <summary>What a plugin must not return: then nothing of it is believed, and the collections are read again.</summary>
    private ItemServiceException? WrongResults(CommitResult[]? results)
    {
        var reached = new Dictionary<CollectionKey, Position>();
        var wrong = results?.Length != _batch.Count;
        for (var index = 0; !wrong && index < _batch.Count; index++)
        {
            var (key, result) = (_batch[index].Path.Key, results![index]);
            var before = reached.TryGetValue(key, out var position) ? position : collections.Find(key).Position;
            var expected = result.Status == CommitStatus.Committed ? before with { Revision = before.Revision + 1 } : before;
            wrong = result.Status == CommitStatus.Conflict || result.Position != expected;
            reached[key] = expected;
        }
        return wrong ? new(ItemServiceFault.OutcomeUnknown, "the plugin returned other results or positions than the updates can have") : null;
    }
}

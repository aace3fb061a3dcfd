using SharedState.Host.Contents;
using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>An update that cannot be answered before its collection was read.</summary>
/// <param name="Request">The update.</param>
/// <param name="Result">The result; null if it is unknown.</param>
/// <param name="Readings">The number of unsuccessful readings of its collection.</param>
internal readonly record struct UnsettledUpdate(PendingUpdate Request, CommitResult? Result, int Readings = 0);

/// <summary>
/// Settles updates after their commit: each is applied, told and answered, or waits until its collection was read. Touched by the service's
/// turns only.
/// </summary>
internal sealed class Settlement(CommitQueue commits, Lanes lanes, CollectionCache collections, Feed feed)
{
    // If the collection does not reach a result in this number of readings, the plugin is wrong.
    private const int MostReadings = 3;

    private readonly List<(PendingUpdate Request, CommitResult Result)> _settled = [];
    private readonly List<(PendingUpdate Request, CommitResult Result)> _conflicts = []; // others committed before them

    /// <summary>Takes the outcome of a commit.</summary>
    public void Finish(CommitOutcome committed)
    {
        var (batch, results, fault) = commits.Finish(committed);
        try
        {
            Settle(batch, results, fault);
        }
        catch
        {
            foreach (var request in batch) request.Refuse(Error.OutcomeUnknown); // counts for those that have no answer
            throw;
        }
        finally
        {
            _settled.Clear();
            _conflicts.Clear();
        }
    }

    private void Settle(IReadOnlyList<PendingUpdate> batch, CommitResult[]? results, ItemServiceFault? fault)
    {
        // :: 1. Apply all, then tell all: followers receive the batch in one notice.
        var stored = 0;
        for (var index = 0; index < batch.Count; index++)
        {
            if (fault is null && results![index].Status == CommitStatus.Committed && batch[index] is not HostUpdate) stored++;
            if (fault is not null) Fail(batch[index], fault.Value);
            else if (results![index].Status == CommitStatus.Conflict) _conflicts.Add((batch[index], results[index]));
            else if (TryApply(batch[index], results![index])) _settled.Add((batch[index], results[index]));
            else Keep(new(batch[index], results[index]));
        }
        collections.Counts.AddUpdates(stored);
        Collection? told = null;
        foreach (var request in batch)
        {
            if (told != request.Collection) Tell(told = request.Collection!, used: true);
        }

        // :: 2. Reply.
        Answer();

        // :: 3. Try updates that met other commits again, after the collection has these commits.
        TryAgain();

        // :: 4. Run the requests that waited for them.
        foreach (var request in batch)
        {
            lanes.Resume(request.Lane);
            lanes.ResumeAll(request.Collection!);
            feed.Heed(request.Collection!);
        }
        feed.Ask();
    }

    /// <summary>A collection was read, or could not be read.</summary>
    public void FinishLoad(Collection collection, ItemLog? stored)
    {
        var before = collection.Position;
        if (stored is null) collections.RetryLater(collection);
        else if (collections.HasRoom(collection, stored)) collections.Take(collection, stored);
        else collections.Refuse(collection);
        FinishLoad(collection, before);
    }

    /// <summary>A collection could not be read for lack of memory.</summary>
    public void FinishLoadWithoutMemory(Collection collection)
    {
        collections.Collect();
        collections.Refuse(collection);
        FinishLoad(collection, collection.Position);
    }

    private void FinishLoad(Collection collection, Position before)
    {
        // If the stored position is unchanged, an uncertain commit had no effect; otherwise the origin of the change is unknown.
        var unchanged = collection.State == CollectionState.Loaded && collection.Position == before;
        Settle(collection, unchanged ? Error.StorageAway : Error.OutcomeUnknown);
        feed.Heed(collection);
        feed.Ask();
    }

    /// <summary>Answers the updates that waited for a collection to be read, and runs the requests behind them.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="uncertain">The answer to an update with an unknown outcome.</param>
    public void Settle(Collection collection, Error uncertain)
    {
        foreach (var kept in lanes.TakeKept(collection))
        {
            if (kept.Result is { } result && TryApply(kept.Request, result)) _settled.Add((kept.Request, result));
            else if (kept.Result is null) kept.Request.Refuse(uncertain);
            else if (collection.State == CollectionState.Away || kept.Readings == MostReadings) kept.Request.Refuse(Error.OutcomeUnknown);
            else Keep(kept with { Readings = kept.Readings + 1 });
        }
        Tell(collection, used: false); // a commit of another host does not count as a use of the collection
        Answer();
        lanes.ResumeAll(collection);
    }

    /// <summary>
    /// Applies a stored update, unless the feed was faster and has applied it already. False if an earlier commit of another host is
    /// missing, or the collection is in doubt.
    /// </summary>
    private bool TryApply(PendingUpdate request, CommitResult result)
    {
        var collection = request.Collection!;
        if (collection.State != CollectionState.Loaded || collection.Position.Epoch != result.Position.Epoch) return false;
        try
        {
            return result.Status == CommitStatus.Committed
                ? collection.TryReceive(request.Update, result.Position.Revision)
                : !collection.IsBehind(result.Position);
        }
        catch (Exception exception)
        {
            collections.Fail(collection, exception);
            return false;
        }
    }

    private void TryAgain()
    {
        foreach (var conflicts in _conflicts.GroupBy(conflict => conflict.Request.Lane, conflict => conflict.Request))
            lanes.TryAgain(conflicts.Key, conflicts);
        foreach (var (request, result) in _conflicts)
        {
            if (request.Collection!.IsBehind(result.Position)) feed.BringUp(request.Collection, result.Position);
        }
    }

    private void Tell(Collection collection, bool used)
    {
        try
        {
            if (used) collection.Tell();
            else collection.TellOthers();
        }
        catch (Exception exception)
        {
            collections.Fail(collection, exception);
        }
    }

    private void Keep(UnsettledUpdate update)
    {
        lanes.Keep(update);
        feed.BringUp(update.Request.Collection!, update.Result?.Position);
    }

    /// <summary>After the notices, because a client that awaits its update reads it locally.</summary>
    private void Answer()
    {
        foreach (var (request, result) in _settled)
        {
            try
            {
                request.Settle(result.Position);
            }
            catch (Exception exception)
            {
                collections.Fail(request.Collection!, exception);
                request.Refuse(Error.OutcomeUnknown);
            }
        }
        _settled.Clear();
    }

    private void Fail(PendingUpdate request, ItemServiceFault fault)
    {
        if (fault == ItemServiceFault.OutcomeUnknown)
        {
            // It may have been stored: the collection is read again before it is served, and before the update is answered.
            var collection = request.Collection!;
            lanes.Keep(new(request, null));
            collections.MayHaveAppeared(collection);
            if (collection.Standing.WasRead) collections.Load(collection);
            return;
        }
        request.Refuse(fault switch
        {
            ItemServiceFault.TooLarge => Error.StorageLimit,
            ItemServiceFault.Unavailable => Error.StorageAway,
            _ => Error.Refused,
        });
    }
}

using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>An update that cannot be answered before its collection was read.</summary>
/// <param name="Request">The update's request.</param>
/// <param name="Result">What became of it; null where that is not known.</param>
/// <param name="Readings">How often its collection was read in vain.</param>
internal readonly record struct UnsettledUpdate(Request Request, CommitResult? Result, int Readings = 0);

/// <summary>What comes of commits: the updates are applied, told and answered, or wait until their collection was read. Touched by the writer's loop only.</summary>
internal sealed class Settlement(CommitQueue commits, Lanes lanes, CollectionCache collections, Feed feed)
{
    // A result that the collection does not reach in so many readings is the plugin's mistake.
    private const int MostReadings = 3;

    private readonly List<(Request Request, CommitResult Result)> _settled = [];

    /// <summary>Takes the outcome of a commit.</summary>
    public void Finish(CommittedMessage committed)
    {
        var (batch, results, fault) = commits.Finish(committed);
        try
        {
            // :: 1. Apply all, then tell all: who follows gets the batch in one go.
            for (var index = 0; index < batch.Count; index++)
            {
                if (fault is not null) Fail(batch[index], fault.Value);
                else if (TryApply(batch[index], results![index])) _settled.Add((batch[index], results[index]));
                else Keep(new(batch[index], results[index]));
            }
            Collection? told = null;
            foreach (var request in batch)
            {
                if (told != request.Collection) (told = request.Collection!).Tell();
            }

            // :: 2. Reply.
            Answer();
        }
        catch
        {
            foreach (var request in batch) Lanes.Refuse(request, Error.OutcomeUnknown); // counts for those that have no answer
            throw;
        }
        finally
        {
            _settled.Clear();
        }

        // :: 3. Run what waited for them.
        foreach (var request in batch)
        {
            lanes.Resume(request.Lane);
            lanes.ResumeAll(request.Collection!);
            feed.Heed(request.Collection!);
        }
        feed.Ask();
    }

    /// <summary>A collection was read, or could not be.</summary>
    public void Finish(LoadedMessage loaded)
    {
        var collection = loaded.Collection;
        var before = collection.Position;
        collections.Finish(loaded);
        // Where storage is still where it was, nothing of an uncertain commit happened; else it cannot be told whose change it was.
        var unchanged = collection.State == CollectionState.Loaded && collection.Position == before;
        Settle(collection, unchanged ? Error.StorageAway : Error.OutcomeUnknown);
        feed.Heed(collection);
        feed.Ask();
    }

    /// <summary>What others committed was read, or could not be.</summary>
    public void Finish(ChangesMessage changes)
    {
        foreach (var collection in feed.Finish(changes)) Settle(collection, Error.OutcomeUnknown);
    }

    /// <summary>Answers what waited for a collection that was read, and runs what waited behind it.</summary>
    private void Settle(Collection collection, Error uncertain)
    {
        foreach (var kept in lanes.TakeKept(collection))
        {
            if (kept.Result is { } result && TryApply(kept.Request, result)) _settled.Add((kept.Request, result));
            else if (kept.Result is null) Lanes.Refuse(kept.Request, uncertain);
            else if (collection.State == CollectionState.Away || kept.Readings == MostReadings) Lanes.Refuse(kept.Request, Error.OutcomeUnknown);
            else Keep(kept with { Readings = kept.Readings + 1 });
        }
        collection.Audience.Tell();
        Answer();
        _settled.Clear();
        lanes.ResumeAll(collection);
    }

    /// <summary>
    /// Applies an update that was stored, unless it is here already: the feed may have been faster. False if something that others committed
    /// is missing before it.
    /// </summary>
    private static bool TryApply(Request request, CommitResult result)
    {
        var collection = request.Collection!;
        if (collection.State != CollectionState.Loaded || collection.Position.Epoch != result.Position.Epoch) return false;
        return result.Status == CommitStatus.Committed
            ? collection.TryReceive(request.Update!, result.Position.Revision)
            : !collection.IsBehind(result.Position);
    }

    private void Keep(UnsettledUpdate update)
    {
        lanes.Keep(update);
        feed.BringUp(update.Request.Collection!);
    }

    /// <summary>After the notifications, for who awaits an update reads it locally.</summary>
    private void Answer()
    {
        foreach (var (request, result) in _settled)
        {
            var update = request.Update!;
            var reply = FrameWriter.OfThisThread.Reply(request, update.Remove.Count + update.Insert.Count, result.Position);
            request.Lane.Replies.Answer(request, reply, request.Collection!.Audience.HoldReply(request));
        }
    }

    private void Fail(Request request, ItemServiceFault fault)
    {
        if (fault == ItemServiceFault.OutcomeUnknown)
        {
            // It may have been stored: the collection is read again before it is served, and before the update is answered.
            var collection = request.Collection!;
            lanes.Keep(new(request, null));
            if (collection.WasRead) collections.Load(collection);
            return;
        }
        Lanes.Refuse(request, fault switch
        {
            ItemServiceFault.TooLarge => Error.StorageLimit,
            ItemServiceFault.Unavailable => Error.StorageAway,
            _ => Error.Refused,
        });
    }
}

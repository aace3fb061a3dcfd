namespace SharedState.Host.Collections;

/// <summary>Turns the updates of a batch that depend on the state, by their terms or by the rights of their clients, into plain ones,
/// collection by collection, in order.</summary>
/// <param name="alone">
/// Whether no other host commits to the storage. Else a batch has one update with terms to each collection at most, as the first of that
/// collection, so that it expects a position that the host has seen.
/// </param>
/// <param name="failed">Gets the exceptions that should not be.</param>
/// <remarks>
/// The bugs that this prevents, where others commit: of two increments that expect revisions 5 and 6, the first one conflicts, because
/// another host committed revision 6. The second one finds the revision that it expects, though its sum contains the first one, which
/// counts twice in the end. Likewise, an increment behind a removal expects revision 6 and finds it, if another host has removed that item
/// itself in revision 6, and more.
/// </remarks>
internal sealed class Drafts(bool alone, Action<Collection, Exception> failed)
{
    // Of the items that patches and increments of a batch read and make. The rest waits for the next batch.
    private const long MostBytes = 16 << 20;

    private readonly Dictionary<Collection, Draft> _drafts = [];
    private readonly Dictionary<Lane, List<PendingUpdate>> _left = [], _over = []; // for their state, and then for their bytes
    private readonly HashSet<(Lane, Collection)> _before = []; // there is an update of the lane to the collection
    private readonly HashSet<Collection> _taken = [];          // an update with terms stands before

    /// <summary>Resolves a batch, once.</summary>
    /// <param name="batch">The batch. Updates that are left for a later batch are removed from it.</param>
    /// <param name="putBack">Gets the updates of a lane that are left for a later batch, in order.</param>
    public void Resolve(List<PendingUpdate> batch, Action<Lane, IEnumerable<PendingUpdate>> putBack)
    {
        batch.RemoveAll(IsLeft);
        if (!alone) MoveTermsToTheFront(batch);
        foreach (var pending in batch)
        {
            var collection = pending.Collection!;
            if (pending.NeedsState && !_drafts.ContainsKey(collection)) _drafts.Add(collection, collection.Draft());
        }
        var bytes = 0L;
        batch.RemoveAll(pending => !TryResolve(pending, ref bytes));
        foreach (var (lane, updates) in _left) putBack(lane, updates);
        foreach (var (lane, updates) in _over) putBack(lane, updates); // before those: they stood before them
    }

    /// <summary>Whether an update has to wait for a later batch.</summary>
    private bool IsLeft(PendingUpdate pending)
    {
        var (lane, collection) = (pending.Lane, pending.Collection!);
        var hasTerms = pending.NeedsState;
        var waits = (_left.Count > 0 && _left.ContainsKey(lane))
            || (hasTerms && collection.State != CollectionState.Loaded) // it would meet an old state for certain
            || (!alone && hasTerms && (_taken.Contains(collection) || _before.Contains((lane, collection))))
            || (!alone && !hasTerms && _taken.Contains(collection) && _before.Contains((lane, collection)));
        if (waits)
        {
            Leave(pending, _left);
            return true;
        }
        if (alone) return false;
        _before.Add((lane, collection));
        if (hasTerms) _taken.Add(collection);
        return false;
    }

    private bool TryResolve(PendingUpdate pending, ref long bytes)
    {
        if ((_over.Count > 0 && _over.ContainsKey(pending.Lane)) || (pending.NeedsState && bytes > MostBytes))
        {
            Leave(pending, _over);
            return false;
        }
        if (!_drafts.TryGetValue(pending.Collection!, out var draft)) return true;
        if (!pending.NeedsState)
        {
            draft.Add(pending.Update);
            return true;
        }
        try
        {
            bytes += draft.Resolve(pending);
        }
        catch (Exception exception)
        {
            // As with a stored item that is not JSON. The others of the batch go on.
            failed(pending.Collection!, exception);
            draft.Refuse(pending, exception is OutOfMemoryException ? Error.Memory : Error.Internal);
        }
        return true;
    }

    private static void Leave(PendingUpdate pending, Dictionary<Lane, List<PendingUpdate>> left)
    {
        if (!left.TryAdd(pending.Lane, [pending])) left[pending.Lane].Add(pending);
    }

    private static void MoveTermsToTheFront(List<PendingUpdate> batch)
    {
        var plain = batch.FindAll(pending => !pending.NeedsState);
        batch.RemoveAll(pending => !pending.NeedsState);
        batch.AddRange(plain);
    }
}

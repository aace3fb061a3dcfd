namespace SharedState.Host.Collections;

/// <summary>Resolves the updates with terms of a batch, collection by collection, in order.</summary>
internal static class Drafts
{
    /// <summary>
    /// Leaves at most one update with terms to each collection in a batch, and none of the same client after it. For a storage to which
    /// others commit.
    /// </summary>
    /// <remarks>
    /// The bug that this prevents: of two increments that expect revisions 5 and 6, the first one conflicts, because another host committed
    /// revision 6. The second one finds its expected revision, although its sum contains the first one, which is then counted twice.
    /// </remarks>
    /// <param name="batch">The batch.</param>
    /// <param name="putBack">Gets the updates of a lane that are deferred to a later batch, in order.</param>
    public static void Unchain(List<PendingUpdate> batch, Action<Lane, IEnumerable<PendingUpdate>> putBack)
    {
        if (!batch.Exists(pending => pending.Terms is not null)) return;
        var termed = new Dictionary<Collection, Lane>();
        var left = new Dictionary<Lane, List<PendingUpdate>>();
        batch.RemoveAll(pending =>
        {
            var collection = pending.Collection!;
            var waits = left.ContainsKey(pending.Lane)
                || (termed.TryGetValue(collection, out var lane) && (pending.Terms is not null || lane == pending.Lane));
            if (waits && !left.TryAdd(pending.Lane, [pending])) left[pending.Lane].Add(pending);
            if (!waits && pending.Terms is not null) termed.Add(collection, pending.Lane);
            return waits;
        });
        foreach (var (lane, updates) in left) putBack(lane, updates);
    }

    /// <summary>Turns the updates with terms into plain ones.</summary>
    public static void Resolve(List<PendingUpdate> batch)
    {
        if (!batch.Exists(pending => pending.Terms is not null)) return;
        var drafts = new Dictionary<Collection, Draft>();
        foreach (var pending in batch.Where(pending => pending.Terms is not null))
        {
            if (!drafts.ContainsKey(pending.Collection!)) drafts.Add(pending.Collection!, pending.Collection!.Draft());
        }
        foreach (var pending in batch)
        {
            if (!drafts.TryGetValue(pending.Collection!, out var draft)) continue;
            if (pending.Terms is not null) draft.Resolve(pending);
            else draft.Add(pending.Update);
        }
    }
}

namespace SharedState.Host.Collections;

/// <summary>An update on its way to storage, from any source.</summary>
/// <param name="lane">The client.</param>
/// <param name="update">What to store. Names each id once.</param>
/// <param name="bytes">The bytes of the inserted items.</param>
internal abstract class PendingUpdate(Lane lane, ItemUpdate update, long bytes) : PendingRequest(lane, update.Key)
{
    private Position _stored;
    private int _awaited; // notifications to the same client that must come first

    public ItemUpdate Update => update;

    public long Bytes => bytes;

    /// <summary>The items and the removals.</summary>
    public int Operations { get; } = update.Insert.Count + update.Remove.Count;

    /// <summary>
    /// The update is stored, applied and told. Answers, once the subscriptions of the same client to the collection have it too: a client
    /// that awaits its update reads it locally.
    /// </summary>
    public void Settle(Position stored)
    {
        _stored = stored;
        foreach (var subscription in Lane.Behind)
        {
            if (subscription.Collection != Collection) continue;
            (subscription.HeldReplies ??= []).Add(this);
            _awaited++;
        }
        if (_awaited == 0) Answer(stored);
    }

    /// <summary>A subscription for which the answer waited is current, or gone.</summary>
    public void Release()
    {
        if (--_awaited == 0) Answer(_stored);
    }

    /// <summary>Answers that the update is stored.</summary>
    protected abstract void Answer(Position stored);
}

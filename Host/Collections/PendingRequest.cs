namespace SharedState.Host.Collections;

/// <summary>
/// What a client asks of a service, until it is answered. A subclass tells the requester: a connection, for example. It is answered exactly
/// once, from any thread.
/// </summary>
/// <param name="lane">The client.</param>
/// <param name="key">The collection; with a listing its app, and no name.</param>
internal abstract class PendingRequest(Lane lane, CollectionKey key) : Work
{
    public Lane Lane => lane;

    public CollectionKey Key => key;

    /// <summary>When its time began, by the monotonic clock. Moves only where the client itself made it wait.</summary>
    public long ReceivedAt { get; set; }

    /// <summary>Its collection, once that was looked up.</summary>
    public Collection? Collection { get; set; }

    /// <summary>Whether the client has more to read than it should, so that the time that passes is its own.</summary>
    public virtual bool AwaitsClient => false;

    public override Collection? Touches => Collection;

    public override bool IsNew => true;

    public override void Run() => lane.Writer.Enter(this);

    public override void Abandon(Error error) => Refuse(error);

    /// <summary>Answers that nothing was done, or that this is not known. Counts for nothing after another answer.</summary>
    public abstract void Refuse(Error error);
}

/// <summary>A request that is answered with what a collection, or a service, holds.</summary>
internal abstract class PendingQuery(Lane lane, CollectionKey key) : PendingRequest(lane, key)
{
    /// <summary>Whether the answer, which may be large, can be taken now.</summary>
    public virtual bool HasRoom => true;

    /// <summary>Waits until the answer can be taken. True where the client had to read for that.</summary>
    public virtual ValueTask<bool> RoomAsync() => new(false);
}

/// <summary>A read of a collection.</summary>
internal abstract class PendingRead(Lane lane, CollectionKey key) : PendingQuery(lane, key)
{
    /// <summary>Answers with the items, a JSON list whose bytes are shared and do not change.</summary>
    public abstract void Answer(ReadOnlyMemory<byte> items, Position position);
}

/// <summary>A listing of the collections of an app.</summary>
internal abstract class PendingListing(Lane lane, string app) : PendingQuery(lane, new(app, ""))
{
    /// <summary>Answers with the names of the collections, or a page of them.</summary>
    public abstract void Answer(CollectionNames names);
}

using SharedState.Host.Contents;
using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// An unanswered request of a client to a service. A subclass answers the requester, for example a connection, exactly once and from any
/// thread.
/// </summary>
/// <param name="lane">The client.</param>
/// <param name="key">The collection; for a listing the app, without a name.</param>
internal abstract class PendingRequest(Lane lane, CollectionKey key) : Work
{
    public Lane Lane => lane;

    public CollectionKey Key => key;

    /// <summary>The start of its time limit, by the monotonic clock. Moves only if the client itself caused a wait.</summary>
    public long ReceivedAt { get; set; }

    /// <summary>Its collection, after the lookup.</summary>
    public Collection? Collection { get; set; }

    /// <summary>Whether the client has too much unread data, so that the waiting time does not count.</summary>
    public virtual bool AwaitsClient => false;

    public override Collection? Touches => Collection;

    public override bool IsNew => true;

    public override void Run() => lane.Writer.Enter(this);

    public override void Abandon(Error error) => Refuse(error);

    /// <summary>Answers that nothing was done, or that the outcome is unknown. Has no effect after another answer.</summary>
    public abstract void Refuse(Error error);
}

/// <summary>A request for the content of a collection, or of a service.</summary>
internal abstract class PendingQuery(Lane lane, CollectionKey key) : PendingRequest(lane, key)
{
    /// <summary>Why the client may not have the answer any more; null if it may.</summary>
    public virtual Error? Refusal => null;

    /// <summary>Whether there is room for the answer, which may be large.</summary>
    public virtual bool HasRoom => true;

    /// <summary>Waits until there is room for the answer. True if the client had to read first.</summary>
    public virtual ValueTask<bool> RoomAsync() => new(false);
}

/// <summary>A read of a view of a collection.</summary>
internal abstract class PendingRead(Lane lane, CollectionKey key) : PendingQuery(lane, key)
{
    /// <summary>The view, by the rights that the client has now.</summary>
    public abstract ViewDefinition Definition { get; }

    /// <summary>Answers with the items.</summary>
    /// <param name="items">A JSON list whose bytes are shared and do not change.</param>
    /// <param name="position">The position of the collection.</param>
    /// <param name="total">For a view with a limit: the number of items that match.</param>
    public abstract void Answer(ReadOnlyMemory<byte> items, Position position, long? total);
}

/// <summary>A listing of the collections of an app.</summary>
internal abstract class PendingListing(Lane lane, string app) : PendingQuery(lane, new(app, ""))
{
    /// <summary>Selects the collections that the client may know of; null if it may know of all.</summary>
    public virtual ListingSieve? Sieve => null;

    /// <summary>Answers with the names of the collections, or a page of them.</summary>
    public abstract void Answer(CollectionNames names);
}

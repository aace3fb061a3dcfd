using System.Text.Json;
using SharedState.Host.Connections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>How a subscription stands to its collection.</summary>
internal enum SubscriptionState
{
    /// <summary>The collection is not in memory; it is fed once it is.</summary>
    Waiting,

    /// <summary>It was given everything; the next change is offered to it.</summary>
    Current,

    /// <summary>It is behind, and is fed no more until its outbox (or its rate) asks for the merged difference.</summary>
    Lagging,
}

/// <summary>A cursor into a collection: what one connection follows under one spelling of the path.</summary>
internal sealed class Subscription(SubscriptionRequest request, ServiceWriter writer, Outbox outbox, Replies replies)
{
    private bool _dropped;

    // Guarded by nothing: set before it is shared.
    public SubscriptionRequest Request { get; } = request;

    public ServiceWriter Writer { get; } = writer;

    public Outbox Outbox { get; } = outbox;

    /// <summary>The same connection's.</summary>
    public Replies Replies { get; } = replies;

    public JsonEncodedText Path { get; } = FrameWriter.Encode(request.Spelling);

    /// <summary>Whether it wants merged differences whenever it is behind at all.</summary>
    public bool Conflate { get; } = request.Conflate;

    /// <summary>Whether it gets what happened in one turn of the writer as one merged difference.</summary>
    public bool Merges { get; } = request.Conflate || request.MinInterval > TimeSpan.Zero;

    /// <summary>Whether the server ended it. Set once, by the writer; then the connection's own set forgets it.</summary>
    public bool Dropped => Volatile.Read(ref _dropped);

    // Owned by the writer.

    /// <summary>The collection, once the writer has begun with it; null again after it was dropped.</summary>
    public Collection? Collection { get; set; }

    /// <summary>Where it stands in the collection's audience, with <see cref="Index"/>.</summary>
    public AudienceGroup? Group { get; set; }

    public SubscriptionState State { get; set; }

    /// <summary>The replies of its connection that wait until it is current; null for none.</summary>
    public List<Request>? HeldReplies { get; set; }

    /// <summary>While it is not current: the position that it was last given, or says to have; null for nothing.</summary>
    public Position? Known { get; set; } = request.Since;

    /// <summary>Its place in the group, so that leaving needs no search.</summary>
    public int Index { get; set; }

    /// <summary>With a rate: when the next notification may go, by the monotonic clock.</summary>
    public long DueAt { get; set; }

    /// <summary>With a rate: asks for the merged difference when it is due.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>Ends it from the server's side: its client is told why. It is in no collection any more.</summary>
    public void Drop(Error error)
    {
        Volatile.Write(ref _dropped, true); // first: who has read the notice finds it gone
        Outbox.Enqueue(FrameWriter.OfThisThread.Drop(Path, error));
    }
}

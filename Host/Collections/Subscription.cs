namespace SharedState.Host.Collections;

/// <summary>How a subscription stands to its collection.</summary>
internal enum SubscriptionState
{
    /// <summary>The collection is not in memory. The subscription is fed once it is.</summary>
    Waiting,

    /// <summary>The follower has everything. The next change is handed to it.</summary>
    Current,

    /// <summary>The follower is behind, and is handed nothing until it (or the rate) asks for the merged difference.</summary>
    Lagging,

    /// <summary>The follower sends a notice in parts, and asks for what came after it when the last part is on its way.</summary>
    Receiving,
}

/// <summary>A cursor into a collection: what one follower was given of it. An object of its own, however its client names it.</summary>
/// <param name="key">The collection.</param>
/// <param name="lane">The client.</param>
/// <param name="follower">Receives the changes.</param>
internal sealed class Subscription(CollectionKey key, Lane lane, IFollower follower)
{
    public CollectionKey Key => key;

    public Lane Lane => lane;

    public IFollower Follower => follower;

    /// <summary>Whether the follower gets the changes of one turn as one merged difference.</summary>
    public bool Merges { get; init; }

    /// <summary>The least time between two notices; zero for no limit.</summary>
    public TimeSpan MinInterval { get; init; }

    // Owned by the turns of the service.

    /// <summary>While it is not current: the position that the follower was last given, or says to have; null for nothing.</summary>
    public Position? Known { get; set; }

    /// <summary>The collection, from when the subscription begins until it ends.</summary>
    public Collection? Collection { get; set; }

    public SubscriptionState State { get; set; }

    /// <summary>Whether it began with a position that the follower has, and was given nothing yet.</summary>
    public bool Resumes { get; set; }

    /// <summary>Updates of the same client whose replies wait until the subscription is current.</summary>
    public List<PendingUpdate>? HeldReplies { get; set; }

    /// <summary>Those of them whose updates are in the notice that is being sent in parts.</summary>
    public List<PendingUpdate>? CoveredReplies { get; set; }

    /// <summary>Its place in the audience, so that leaving needs no search.</summary>
    public int Index { get; set; }

    /// <summary>With a rate, or after want of memory: when the next notice may go, by the monotonic clock; 0 for at once.</summary>
    public long DueAt { get; set; }

    /// <summary>With a rate: asks for the merged difference when it is due.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>The follower has room for what it missed. It is answered by <see cref="IFollower.TakeMissed"/>. Any thread.</summary>
    public void CatchUp() => lane.Writer.Post(new CatchingUp(this, Asked: true));
}

/// <summary>A subscription begins.</summary>
internal sealed class Beginning(Subscription subscription) : Work
{
    public override Collection? Touches => subscription.Collection;

    public override bool IsNew => true;

    public override void Run() => subscription.Lane.Writer.Subscribe(subscription);

    public override void Abandon(Error error)
    {
        if (error == Error.NoService) subscription.Follower.End(Error.ServiceRemoved);
    }
}

/// <summary>Subscriptions of one client end. Nothing is told to them after <paramref name="done"/>.</summary>
internal sealed class Ending(IReadOnlyList<Subscription> subscriptions, TaskCompletionSource? done) : Work
{
    public override void Run()
    {
        foreach (var subscription in subscriptions) subscription.Lane.Writer.Unsubscribe(subscription);
        done?.TrySetResult();
    }

    public override void Abandon(Error error) => done?.TrySetResult();
}

/// <summary>A subscription may be fed again: its follower asks, or its rate does.</summary>
internal sealed class CatchingUp(Subscription subscription, bool Asked) : Work
{
    public override Collection? Touches => subscription.Collection;

    public override void Run()
    {
        if (subscription.Collection is { } collection) collection.Audience.CatchUp(subscription, Asked);
        else if (Asked) subscription.Follower.TakeMissed(null);
    }

    // The outbox of the follower may have other subscriptions to ask, of services that go on.
    public override void Abandon(Error error)
    {
        if (Asked) subscription.Follower.TakeMissed(null);
    }
}

using SharedState.Host.Contents;

namespace SharedState.Host.Collections;

/// <summary>The state of a subscription.</summary>
internal enum SubscriptionState
{
    /// <summary>The collection is not in memory. The subscription is served after the load.</summary>
    Waiting,

    /// <summary>The follower is current, and receives the next change.</summary>
    Current,

    /// <summary>The follower is behind, and receives no change until it (or the rate) asks for the merged difference.</summary>
    Lagging,

    /// <summary>The follower sends a notice in parts, and asks for later changes after the last part.</summary>
    Receiving,
}

/// <summary>A cursor into a collection: the position that one follower has received. Each subscription is a separate object, regardless of
/// its name at the client.</summary>
/// <param name="key">The collection.</param>
/// <param name="lane">The client.</param>
/// <param name="follower">Receives the changes.</param>
internal sealed class Subscription(CollectionKey key, Lane lane, IFollower follower)
{
    public CollectionKey Key => key;

    public Lane Lane => lane;

    public IFollower Follower => follower;

    /// <summary>What the follower gets of the collection.</summary>
    public ViewDefinition Definition { get; init; } = ViewDefinition.Whole;

    /// <summary>Whether the follower gets the changes of one turn as one merged difference.</summary>
    public bool Merges { get; init; }

    /// <summary>The minimum time between two notices; zero for no limit.</summary>
    public TimeSpan MinInterval { get; init; }

    // Owned by the turns of the service.

    /// <summary>While it is not current: the last position that the follower received or reported, or null.</summary>
    public Position? Known { get; set; }

    /// <summary>The collection, from when the subscription begins until it ends.</summary>
    public Collection? Collection { get; set; }

    /// <summary>The view of the collection; not null while <see cref="Collection"/> is not.</summary>
    public View? View { get; set; }

    public SubscriptionState State { get; set; }

    /// <summary>Whether it began with a position of the follower, and has received no notice yet.</summary>
    public bool Resumes { get; set; }

    /// <summary>Updates of the same client whose replies wait until the subscription is current.</summary>
    public List<PendingUpdate>? HeldReplies { get; set; }

    /// <summary>Of these, the updates in the notice that is being sent in parts.</summary>
    public List<PendingUpdate>? CoveredReplies { get; set; }

    /// <summary>Its place in the audience, so that leaving needs no search.</summary>
    public int Index { get; set; }

    /// <summary>With a rate, or after a lack of memory: the earliest time of the next notice, by the monotonic clock; 0 for
    /// immediately.</summary>
    public long DueAt { get; set; }

    /// <summary>With a rate: asks for the merged difference when it is due.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>The follower has room for the missed changes. The answer is <see cref="IFollower.TakeMissed"/>. Any thread.</summary>
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

/// <summary>Subscriptions of one client end. They receive no notice after <paramref name="done"/>.</summary>
internal sealed class Ending(IReadOnlyList<Subscription> subscriptions, TaskCompletionSource? done) : Work
{
    public override void Run()
    {
        foreach (var subscription in subscriptions) subscription.Lane.Writer.Unsubscribe(subscription);
        done?.TrySetResult();
    }

    public override void Abandon(Error error) => done?.TrySetResult();
}

/// <summary>A subscription may receive notices again: its follower or its rate asks.</summary>
internal sealed class CatchingUp(Subscription subscription, bool Asked) : Work
{
    public override Collection? Touches => subscription.Collection;

    public override void Run()
    {
        if (subscription.Collection is not null) subscription.View!.Audience.CatchUp(subscription, Asked);
        else if (Asked) subscription.Follower.TakeMissed(null);
    }

    // The outbox of the follower may have other subscriptions to ask, of services that go on.
    public override void Abandon(Error error)
    {
        if (Asked) subscription.Follower.TakeMissed(null);
    }
}

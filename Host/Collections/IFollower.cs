using SharedState.Host.Contents;

namespace SharedState.Host.Collections;

/// <summary>The answer of a follower to a notice.</summary>
internal enum Delivery
{
    /// <summary>The follower is behind. It asks to catch up when it has room (<see cref="Subscription.CatchUp"/>), and receives no notice
    /// before.</summary>
    Refused,

    /// <summary>The follower has the notice.</summary>
    Taken,

    /// <summary>The follower has the notice and is sending it in parts. It asks to catch up after the last part, and receives no notice
    /// before.</summary>
    Underway,
}

/// <summary>Receives the changes of a collection for one subscription. Called in the turns of the collection's service.</summary>
internal interface IFollower
{
    /// <summary>Whether the follower would accept a notice now, so that no notice is built in vain. If not, the follower asks to catch up,
    /// as after a refusal.</summary>
    bool IsReady();

    /// <summary>Whether the follower no longer sends notices.</summary>
    bool IsGone { get; }

    /// <summary>Hands over a notice. Never waits.</summary>
    /// <param name="notice">The notice. If it is not <see cref="Notice.Lasting"/>, it must be copied before this method returns.</param>
    Delivery Take(Notice notice);

    /// <summary>Answers the follower's request to catch up.</summary>
    /// <param name="notice">The missed changes, or null. The follower accepts the notice, unless it needs parts and too many others are
    /// being sent in parts.</param>
    Delivery TakeMissed(Notice? notice);

    /// <summary>The server ends the subscription.</summary>
    void End(Error error);
}

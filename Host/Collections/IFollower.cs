namespace SharedState.Host.Collections;

/// <summary>What became of a notice that was handed to a follower.</summary>
internal enum Delivery
{
    /// <summary>The follower is behind. It asks to catch up when it has room (<see cref="Subscription.CatchUp"/>), and is handed nothing
    /// before.</summary>
    Refused,

    /// <summary>The follower has the notice.</summary>
    Taken,

    /// <summary>The follower has the notice and is sending it in parts. It asks to catch up after the last one, and is handed nothing
    /// before.</summary>
    Underway,
}

/// <summary>Receives the changes of a collection for one subscription. Called in the turns of the collection's service.</summary>
internal interface IFollower
{
    /// <summary>Whether a notice would be taken now, so that none is built in vain. After a no the follower asks to catch up, as after a
    /// refusal.</summary>
    bool IsReady();

    /// <summary>Whether nothing that it takes is sent any more.</summary>
    bool IsGone { get; }

    /// <summary>Hands over a notice. Never waits.</summary>
    /// <param name="notice">What to tell. A notice that is not <see cref="Notice.Lasting"/> must be copied before this returns.</param>
    Delivery Take(Notice notice);

    /// <summary>Answers the follower's wish to catch up.</summary>
    /// <param name="notice">What it missed; null for nothing. The follower takes it, unless it has to be sent in parts and too many others
    /// are.</param>
    Delivery TakeMissed(Notice? notice);

    /// <summary>The server ends the subscription.</summary>
    void End(Error error);
}

using SharedState.Host.Connections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

// What reaches a ServiceWriter's loop, beside requests.

/// <summary>A subscription begins.</summary>
internal sealed record SubscribeMessage(Subscription Subscription);

/// <summary>Subscriptions end. After <paramref name="Done"/> nothing is notified to them.</summary>
internal sealed record DropMessage(Subscription[] Subscriptions, TaskCompletionSource? Done);

/// <summary>A lagging subscription may be fed again.</summary>
/// <param name="Subscription">The subscription.</param>
/// <param name="Asked">Whether its outbox asks, which waits for the answer; else its rate's timer.</param>
internal sealed record CatchUpMessage(Subscription Subscription, bool Asked);

/// <summary>The storage is open.</summary>
internal sealed record OpenedMessage;

/// <summary>The storage will not open.</summary>
internal sealed record RefusedMessage;

/// <summary>The storage is to be opened anew, after it would not open.</summary>
internal sealed record ReopeningMessage;

/// <summary>No commit begins any more. <paramref name="Paused"/> gets what is in memory, and used, when the last has ended.</summary>
internal sealed record PauseMessage(TaskCompletionSource<IReadOnlyList<CollectionPosition>> Paused);

/// <summary>Commits go on.</summary>
/// <param name="Held">The collections that were in memory.</param>
/// <param name="Found">What is stored of them; null where it is what is in memory. What is missing is read.</param>
/// <param name="Resumed">Gets how many differed.</param>
internal sealed record ResumeMessage(
    IReadOnlyList<CollectionPosition> Held, IReadOnlyDictionary<CollectionKey, ItemLog?> Found, TaskCompletionSource<int> Resumed);

/// <summary>A collection was read from storage, or could not be.</summary>
internal sealed record LoadedMessage(Collection Collection, ItemLog? Stored, ItemServiceException? Failure);

/// <summary>It is time to look for requests that have waited long enough.</summary>
internal sealed record OverdueMessage;

/// <summary>It is time to try to read a collection again.</summary>
internal sealed record RetryMessage(Collection Collection);

/// <summary>The commit in flight ended.</summary>
internal sealed record CommittedMessage(CommitResult[]? Results, ItemServiceException? Failure);

/// <summary>What other hosts committed was read, or could not be: for each collection that was asked about what came after it, or null.</summary>
internal sealed record ChangesMessage(IReadOnlyList<Collection> Asked, IReadOnlyList<IReadOnlyList<ItemCommit>?>? Commits, ItemServiceException? Failure);

/// <summary>Hosts committed, or nothing happened.</summary>
/// <param name="Positions">Where collections were brought to.</param>
/// <param name="AskedAt">Nothing that was committed before is missing, by the monotonic clock.</param>
/// <param name="First">Whether something may have been missed before it.</param>
internal sealed record HeardMessage(IReadOnlyList<CollectionPosition> Positions, long AskedAt, bool First);

/// <summary>Nothing is heard of other hosts any more.</summary>
internal sealed record FeedLostMessage;

/// <summary>There may be room for the reply that a lane's first request will get; whether it was the client that had to read for that.</summary>
internal sealed record RoomMessage(RequestLane Lane, bool ClientRead);

/// <summary>An app's collections were listed, or could not be.</summary>
internal sealed record ListedMessage(Request Request, IReadOnlyList<string>? Names);

/// <summary>It is time to look for what is not used.</summary>
internal sealed record SweepMessage;

/// <summary>Commit what is there, take nothing more, end.</summary>
internal sealed record StopMessage;

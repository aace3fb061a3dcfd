namespace SharedState.Host.Protocol;

/// <summary>What a PUT on <c>/subs</c> asks for.</summary>
/// <param name="Replace">Whether it replaces the connection's subscriptions; else it adds and drops.</param>
/// <param name="Insert">The paths to subscribe to, in order, each spelling once.</param>
/// <param name="Remove">The paths to drop, as they were spelled.</param>
internal sealed record SubscriptionChange(bool Replace, IReadOnlyList<SubscriptionRequest> Insert, IReadOnlyList<string> Remove);

/// <summary>One path that a client wants to follow.</summary>
internal sealed class SubscriptionRequest
{
    /// <summary>The path as the client spelled it, which is how its notifications will bear it.</summary>
    public required string Spelling { get; init; }

    /// <summary>The options as they came in, less <c>since</c> and <c>epoch</c>: a JSON object.</summary>
    public required byte[] Options { get; init; }

    /// <summary>The state that the client says it has, if it does.</summary>
    public Position? Since { get; init; }

    /// <summary>Whether the client wants merged differences whenever it is behind at all.</summary>
    public bool Conflate { get; init; }

    /// <summary>The least time between two notifications; zero for no limit.</summary>
    public TimeSpan MinInterval { get; init; }

    /// <summary>What is wrong with the path or its options, or null.</summary>
    public Error? Error { get; init; }

    /// <summary>The collection, where there is no error.</summary>
    public CollectionPath Path { get; init; }
}

using SharedState.Host.Collections;

namespace SharedState.Host.Protocol;

/// <summary>The name of a subscription at its client.</summary>
/// <param name="Spelling">The path as the client spelled it.</param>
/// <param name="As">The option <c>as</c>, which tells several subscriptions to one spelling apart; null without.</param>
internal readonly record struct SubscriptionName(string Spelling, string? As);

/// <summary>The change of a PUT on <c>/subs</c>.</summary>
/// <param name="Replace">Whether it replaces the connection's subscriptions; else it adds and drops.</param>
/// <param name="Insert">The subscriptions to begin, in order, each name once.</param>
/// <param name="Remove">The subscriptions to drop.</param>
internal sealed record SubscriptionChange(bool Replace, IReadOnlyList<SubscriptionRequest> Insert, IReadOnlyList<SubscriptionName> Remove);

/// <summary>One subscription that a client requests.</summary>
internal sealed class SubscriptionRequest
{
    /// <summary>How its notifications name it.</summary>
    public required SubscriptionName Name { get; init; }

    /// <summary>The options.</summary>
    public required SubscriptionOptions Options { get; init; }

    /// <summary>What is wrong with the path or the options, or null.</summary>
    public Error? Error { get; init; }

    /// <summary>The collection, where there is no error.</summary>
    public CollectionPath Path { get; init; }
}

using SharedState.Host.Collections;
using SharedState.Host.Contents;

namespace SharedState.Host.Protocol;

/// <summary>The kinds of targets of requests.</summary>
internal enum Target
{
    /// <summary>Nothing: the request was refused while it was read.</summary>
    None,

    /// <summary>GET <c>/</c>: the services' names.</summary>
    Services,

    /// <summary>GET <c>/clock</c>: the server's time.</summary>
    Clock,

    /// <summary>GET <c>/subs</c>: this connection's subscriptions.</summary>
    Subscriptions,

    /// <summary>PUT <c>/subs</c>.</summary>
    ChangeSubscriptions,

    /// <summary>GET <c>/auth</c>: who the client is.</summary>
    Identity,

    /// <summary>PUT <c>/auth</c>: a token.</summary>
    ChangeIdentity,

    /// <summary>GET <c>/app/service</c>: an app's collections.</summary>
    Listing,

    /// <summary>GET of a collection.</summary>
    Read,

    /// <summary>PUT on a collection.</summary>
    Update,
}

/// <summary>One request, read and checked as far as possible without the server's state. Immutable.</summary>
internal sealed class Request
{
    /// <summary>The command as received, a JSON value that the reply returns; <c>null</c> if there is none.</summary>
    public required byte[] Command { get; init; }

    /// <summary>The tunnel as received, a JSON value that the reply returns; <c>null</c> if there is none.</summary>
    public required byte[] Tunnel { get; init; }

    /// <summary>The target of the request.</summary>
    public Target Target { get; init; }

    /// <summary>Why the request is refused, with <see cref="Target.None"/>.</summary>
    public Error? Error { get; init; }

    /// <summary>The collection, or with <see cref="Target.Listing"/> its app and service.</summary>
    public CollectionPath Path { get; init; }

    /// <summary>With <see cref="Target.Update"/>: what to do.</summary>
    public RequestedUpdate? Update { get; init; }

    /// <summary>With <see cref="Target.ChangeSubscriptions"/>: what to do.</summary>
    public SubscriptionChange? Subscriptions { get; init; }

    /// <summary>With <see cref="Target.ChangeIdentity"/>: the token; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>With <see cref="Target.Read"/>: the view that is read.</summary>
    public ViewDefinition View { get; init; } = ViewDefinition.Whole;

    /// <summary>With <see cref="Target.Listing"/>: the part that is asked for; null for all of it.</summary>
    public ListingPage? Page { get; init; }

    /// <summary>The bytes of the message, about the memory of the request until it is answered.</summary>
    public int MessageBytes { get; init; }
}

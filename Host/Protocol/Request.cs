using SharedState.Host.Collections;

namespace SharedState.Host.Protocol;

/// <summary>What a request is addressed to.</summary>
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

    /// <summary>GET <c>/app/service</c>: an app's collections.</summary>
    Listing,

    /// <summary>GET of a collection.</summary>
    Read,

    /// <summary>PUT on a collection.</summary>
    Update,
}

/// <summary>One request, read and checked; everything that can be known without the server's state is settled here. Immutable.</summary>
internal sealed class Request
{
    /// <summary>The command as it came in, a JSON value to be carried back; <c>null</c> where there is none.</summary>
    public required byte[] Command { get; init; }

    /// <summary>The tunnel as it came in, a JSON value to be carried back; <c>null</c> where there is none.</summary>
    public required byte[] Tunnel { get; init; }

    /// <summary>What the request is addressed to.</summary>
    public Target Target { get; init; }

    /// <summary>Why the request is refused, with <see cref="Target.None"/>.</summary>
    public Error? Error { get; init; }

    /// <summary>The collection, or with <see cref="Target.Listing"/> its app and service.</summary>
    public CollectionPath Path { get; init; }

    /// <summary>With <see cref="Target.Update"/>: what to do.</summary>
    public RequestedUpdate? Update { get; init; }

    /// <summary>With <see cref="Target.ChangeSubscriptions"/>: what to do.</summary>
    public SubscriptionChange? Subscriptions { get; init; }

    /// <summary>With <see cref="Target.Listing"/>: the part that is asked for; null for all of it.</summary>
    public ListingPage? Page { get; init; }

    /// <summary>The bytes of the message: about what it holds until it is answered.</summary>
    public int MessageBytes { get; init; }
}

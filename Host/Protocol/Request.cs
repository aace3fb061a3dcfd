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

/// <summary>One request, read and checked; everything that can be known without the server's state is settled here.</summary>
internal sealed class Request
{
    private static readonly byte[] Null = "null"u8.ToArray();

    /// <summary>The command as it came in, a JSON value to be carried back.</summary>
    public byte[] Command { get; set; } = Null;

    /// <summary>The tunnel as it came in, a JSON value to be carried back.</summary>
    public byte[] Tunnel { get; set; } = Null;

    /// <summary>What the request is addressed to.</summary>
    public Target Target { get; set; }

    /// <summary>Why the request is refused, with <see cref="Target.None"/>.</summary>
    public Error? Error { get; set; }

    /// <summary>The collection, or with <see cref="Target.Listing"/> its app and service.</summary>
    public CollectionPath Path { get; set; }

    /// <summary>With <see cref="Target.Update"/>: what to do. Its removals and inserts name each id once.</summary>
    public ItemUpdate? Update { get; set; }

    /// <summary>With <see cref="Target.Update"/>: the bytes of the inserted items.</summary>
    public long UpdateBytes { get; set; }

    /// <summary>With <see cref="Target.ChangeSubscriptions"/>: what to do.</summary>
    public SubscriptionChange? Subscriptions { get; set; }

    /// <summary>The bytes of the message: about what it holds until it is answered.</summary>
    public int MessageBytes { get; init; }

    /// <summary>Its place among all requests of its connection, from 1.</summary>
    public long Number { get; set; }

    /// <summary>With <see cref="Target.Update"/>: its collection, from when it waits for its commit. The writer's.</summary>
    public Collections.Collection? Collection { get; set; }

    /// <summary>When the request was read, by the host's monotonic clock.</summary>
    public long ReceivedAt { get; set; }

    /// <summary>Where it stands among its connection's requests with its writer; null where no writer answers it.</summary>
    public Connections.RequestLane Lane { get; set; } = null!;

    /// <summary>The reply, once there is one. Guarded by its connection's <see cref="Connections.Replies"/>.</summary>
    public Frame? Reply { get; set; }

    /// <summary>Notifications on the same connection that must go out before the reply. Guarded as <see cref="Reply"/> is.</summary>
    public int Awaits { get; set; }

    /// <summary>Notes that a field was read. A second one is an error: which of the two is meant cannot be told.</summary>
    public void Once(ref bool seen, string field)
    {
        if (seen) Error ??= Error.BadRequest($"the field \"{field}\" comes twice");
        seen = true;
    }
}

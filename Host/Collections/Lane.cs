namespace SharedState.Host.Collections;

/// <summary>
/// One client of a service: its requests run in the order of their arrival, and the client reads its own writes. Owned by the service's
/// turns.
/// </summary>
/// <param name="writer">The service.</param>
/// <param name="memory">The client's share of the memory, for all services; null if it does not count.</param>
internal sealed class Lane(ServiceWriter writer, MemoryShare? memory = null)
{
    /// <summary>The client's share of the memory, which contains the collections that were read for the client, for example.</summary>
    public MemoryShare? Memory => memory;

    /// <summary>The service.</summary>
    public ServiceWriter Writer => writer;

    /// <summary>Requests that cannot run yet.</summary>
    public Queue<PendingRequest> Waiting { get; } = new();

    /// <summary>Updates that wait for a commit.</summary>
    public Queue<PendingUpdate> Updates { get; } = new();

    /// <summary>The number of updates that are being committed or wait for their commit.</summary>
    public int Commits { get; set; }

    /// <summary>The collection that the first waiting request waits for, or null.</summary>
    public Collection? WaitsFor { get; set; }

    /// <summary>Whether the answer to the first waiting request waits for room.</summary>
    public bool AwaitsRoom { get; set; }

    /// <summary>Whether the first waiting request waits for a turn with enough quota for its text.</summary>
    public bool AwaitsText { get; set; }

    /// <summary>Whether the first waiting request is a listing that is being read.</summary>
    public bool Listing { get; set; }

    /// <summary>The name of the holder that ends with this client; null until the client needs one.</summary>
    public string? Holder { get; set; }

    /// <summary>The holders that this client named in accepted updates.</summary>
    public HashSet<Holder> Holders { get; } = [];

    /// <summary>Whether a request of this client named a holder, so that the service must learn of its end. Owned by the client.</summary>
    public bool NamesHolders { get; set; }

    /// <summary>Whether the client is gone.</summary>
    public bool Left { get; set; }

    /// <summary>The subscriptions of this client that are not current.</summary>
    public List<Subscription> Behind { get; } = [];
}

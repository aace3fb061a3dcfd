namespace SharedState.Host.Collections;

/// <summary>
/// One client of a service: its requests run in the order in which they came, and it reads its own writes. Owned by the service's turns.
/// </summary>
/// <param name="writer">The service.</param>
/// <param name="memory">What the client holds of the memory, at all services; null where that does not count.</param>
internal sealed class Lane(ServiceWriter writer, MemoryShare? memory = null)
{
    /// <summary>What the client holds of the memory: the collections that were read for it, for example.</summary>
    public MemoryShare? Memory => memory;

    /// <summary>The service.</summary>
    public ServiceWriter Writer => writer;

    /// <summary>Requests that cannot run yet.</summary>
    public Queue<PendingRequest> Waiting { get; } = new();

    /// <summary>Updates that wait for a commit.</summary>
    public Queue<PendingUpdate> Updates { get; } = new();

    /// <summary>The number of updates that are being committed, or wait for it.</summary>
    public int Commits { get; set; }

    /// <summary>The collection for which the first waiting request waits; null for none.</summary>
    public Collection? WaitsFor { get; set; }

    /// <summary>Whether the answer to the first waiting request waits for room.</summary>
    public bool AwaitsRoom { get; set; }

    /// <summary>Whether the first waiting request waits for a turn that may make its text.</summary>
    public bool AwaitsText { get; set; }

    /// <summary>Whether the first waiting request is a listing that is being read.</summary>
    public bool Listing { get; set; }

    /// <summary>The subscriptions of this client that are not current.</summary>
    public List<Subscription> Behind { get; } = [];
}

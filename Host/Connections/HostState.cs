using SharedState.Host.Collections;

namespace SharedState.Host.Connections;

/// <summary>What all connections share.</summary>
internal sealed record HostState(ServiceCatalog Services, Limits Limits, TimeProvider Time, ILogger Logger)
{
    /// <summary>The connections that may be open: those of the limits, or fewer if the system allows fewer.</summary>
    public int Connections { get; set; } = Limits.Connections;

    /// <summary>What all connections have asked and were sent.</summary>
    public ConnectionCounts Counts { get; } = new();

    /// <summary>The bytes of all unfinished messages.</summary>
    public ByteBudget Unfinished { get; } = new(Limits.UnfinishedBytes);

    /// <summary>The bytes of all large requests that are not answered.</summary>
    public RequestBudget Requests { get; } = new(Limits.UnfinishedBytes);
}

using SharedState.Host.Access;
using SharedState.Host.Collections;

namespace SharedState.Host.Connections;

/// <summary>The state that all connections share.</summary>
internal sealed record HostState(ServiceCatalog Services, Limits Limits, TimeProvider Time, ILogger Logger)
{
    /// <summary>The connections that may be open: those of the limits, or fewer if the system allows fewer.</summary>
    public int Connections { get; set; } = Limits.Connections;

    /// <summary>Who may do what.</summary>
    public AccessControl Access { get; init; } = new(Time, Logger);

    /// <summary>The counters of all connections.</summary>
    public ConnectionCounts Counts { get; } = new();

    /// <summary>The bytes of all unfinished messages.</summary>
    public ByteBudget Unfinished { get; } = new(Limits.UnfinishedBytes);

    /// <summary>The bytes of all large requests that are not answered.</summary>
    public RequestBudget Requests { get; } = new(Limits.UnfinishedBytes);
}

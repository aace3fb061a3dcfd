namespace SharedState.Host.Changes;

/// <summary>The effects of a changed configuration or plugin on the services.</summary>
internal sealed record ServiceChanges
{
    /// <summary>New services, and services that did not run and were tried again.</summary>
    public List<RunningService> Added { get; } = [];

    /// <summary>Services that continue with other settings.</summary>
    public List<RunningService> Reopened { get; } = [];

    /// <summary>The names of services that were removed.</summary>
    public List<string> Removed { get; } = [];

    /// <summary>The removed services that kept items in memory, with the number of items.</summary>
    public List<(string Name, long Items)> Lost { get; } = [];

    /// <summary>Services that continue as before because their change failed (see <see cref="RunningService.Failure"/>).</summary>
    public List<RunningService> Kept { get; } = [];

    public List<PluginSwap> Swaps { get; } = [];

    /// <summary>Whether any service changed, or should have.</summary>
    public bool Any => Added.Count + Reopened.Count + Removed.Count + Kept.Count + Swaps.Count > 0;
}

using SharedState.Host.Configuration;

namespace SharedState.Host.Changes;

/// <summary>What became of the services when the configuration, or a plugin, was changed.</summary>
internal sealed record ServiceChanges
{
    /// <summary>New ones, and those that did not run and were tried again.</summary>
    public List<ServiceSetup> Added { get; } = [];

    public List<ServiceSetup> Reopened { get; } = [];

    public List<string> Removed { get; } = [];

    /// <summary>Those that go on as they were, since what was asked for cannot be had; and why.</summary>
    public List<(ServiceSetup Service, string Reason)> Kept { get; } = [];

    public List<PluginSwap> Swaps { get; } = [];

    /// <summary>Whether any service is another one than before.</summary>
    public bool Any => Added.Count + Reopened.Count + Removed.Count + Kept.Count + Swaps.Count > 0;
}

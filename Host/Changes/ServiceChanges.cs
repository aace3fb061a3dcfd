using SharedState.Host.Configuration;
using SharedState.Host.Plugins;

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

/// <summary>A plugin was replaced by another version of it.</summary>
/// <param name="Old">What the services ran on.</param>
/// <param name="New">What they run on now.</param>
/// <param name="Services">Which ones.</param>
/// <param name="Paused">For how long updates of any of them waited, at most.</param>
/// <param name="Changed">How many collections were not what they were, and were sent anew.</param>
internal sealed record PluginSwap(Plugin Old, Plugin New, IReadOnlyList<string> Services, TimeSpan Paused, int Changed);

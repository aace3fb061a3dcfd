using SharedState.Host.Plugins;

namespace SharedState.Host.Changes;

/// <summary>A plugin was replaced by another version of it.</summary>
/// <param name="Old">What the services ran on.</param>
/// <param name="New">What they run on now.</param>
/// <param name="Services">Which ones.</param>
/// <param name="Paused">For how long updates of any of them waited, at most.</param>
/// <param name="Changed">How many collections were not what they were, and were sent anew.</param>
internal sealed record PluginSwap(Plugin Old, Plugin New, IReadOnlyList<string> Services, TimeSpan Paused, int Changed);

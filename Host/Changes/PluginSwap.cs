using SharedState.Host.Plugins;

namespace SharedState.Host.Changes;

/// <summary>The replacement of a plugin by another version.</summary>
/// <param name="Old">The previous version.</param>
/// <param name="New">The present version.</param>
/// <param name="Services">The names of the services that use it.</param>
/// <param name="Paused">The longest time that updates of a service waited.</param>
/// <param name="Changed">The number of collections whose content differed, and which subscribers received anew.</param>
internal sealed record PluginSwap(Plugin Old, Plugin New, IReadOnlyList<string> Services, TimeSpan Paused, int Changed);

using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Changes;

/// <summary>
/// The number of swaps of each plugin and the memory of replaced versions, also as metrics of the meter <c>SharedState</c>.
/// </summary>
internal sealed class SwapCounts : IDisposable
{
    private readonly Meter _meter = new(HostMeter.Name);
    private readonly Counter<long> _swaps;
    private readonly ConcurrentDictionary<string, SwapCount> _plugins = new();

    public SwapCounts()
    {
        _swaps = _meter.CreateCounter<long>(
            "sharedstate.plugin.swaps", "{swap}", "Replacements of a plugin by another version at run time.");
        _meter.CreateObservableGauge(
            "sharedstate.plugin.versions", () => Measure(count => count.Versions), "{version}",
            "Loaded versions of a plugin; none is ever unloaded.");
        _meter.CreateObservableGauge(
            "sharedstate.plugin.left_bytes", () => Measure(count => count.LeftBytes), "By",
            "Size of the loaded files of plugin versions that no service uses.");
    }

    /// <summary>The swapped plugins by name. Any thread.</summary>
    public IReadOnlyDictionary<string, SwapCount> Plugins => _plugins;

    /// <summary>Counts a swap.</summary>
    /// <param name="plugin">The plugin's name.</param>
    /// <param name="versions">The number of versions that are loaded now.</param>
    /// <param name="leftBytes">The size of the loaded files of versions that no service uses.</param>
    public void Swapped(string plugin, int versions, long leftBytes)
    {
        _swaps.Add(1, new KeyValuePair<string, object?>("plugin", plugin));
        _plugins.AddOrUpdate(plugin, _ => new(1, versions, leftBytes), (_, count) => new(count.Swaps + 1, versions, leftBytes));
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> Measure(Func<SwapCount, long> value) =>
        _plugins.Select(plugin => new Measurement<long>(value(plugin.Value), new KeyValuePair<string, object?>("plugin", plugin.Key)));
}

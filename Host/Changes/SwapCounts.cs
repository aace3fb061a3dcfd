using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace SharedState.Host.Changes;

/// <summary>How often each plugin was swapped, and what that left in memory. Also the metrics of the meter <c>SharedState</c>.</summary>
internal sealed class SwapCounts : IDisposable
{
    private readonly Meter _meter = new("SharedState");
    private readonly Counter<long> _swaps;
    private readonly ConcurrentDictionary<string, SwapCount> _plugins = new();

    public SwapCounts()
    {
        _swaps = _meter.CreateCounter<long>("sharedstate.plugin.swaps", "{swap}", "How often a plugin was replaced by another version of it while the host ran.");
        _meter.CreateObservableGauge("sharedstate.plugin.versions", () => Measure(count => count.Versions), "{version}", "Versions of a plugin that are loaded; none is ever unloaded.");
        _meter.CreateObservableGauge(
            "sharedstate.plugin.left_bytes", () => Measure(count => count.LeftBytes), "By", "The sizes of the files that are loaded for versions of a plugin which no service uses any more.");
    }

    /// <summary>By the plugin's name; only those that were swapped. Any thread.</summary>
    public IReadOnlyDictionary<string, SwapCount> Plugins => _plugins;

    /// <summary>A plugin was swapped.</summary>
    /// <param name="plugin">Its name.</param>
    /// <param name="versions">How many versions of it are loaded now.</param>
    /// <param name="leftBytes">What is loaded for those that no service uses.</param>
    public void Swapped(string plugin, int versions, long leftBytes)
    {
        _swaps.Add(1, new KeyValuePair<string, object?>("plugin", plugin));
        _plugins.AddOrUpdate(plugin, _ => new(1, versions, leftBytes), (_, count) => new(count.Swaps + 1, versions, leftBytes));
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> Measure(Func<SwapCount, long> value) =>
        _plugins.Select(plugin => new Measurement<long>(value(plugin.Value), new KeyValuePair<string, object?>("plugin", plugin.Key)));
}

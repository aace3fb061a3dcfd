using System.Diagnostics.Metrics;
using SharedState.Host.Changes;

namespace SharedState.Host.Tests.Changes;

/// <summary>The metrics of swaps.</summary>
public sealed class SwapCountsTests
{
    [Fact]
    public void TheMeterCountsSwapsAndShowsTheRemainingVersions()
    {
        var seen = new Dictionary<string, long>();
        using var listener = new MeterListener();
        using var counts = new SwapCounts();
        listener.InstrumentPublished = (instrument, to) =>
        {
            if (instrument.Meter.Name == "SharedState") to.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (tags[0].Value is not "Items.Counted") return; // another test's
            seen[instrument.Name] = instrument is Counter<long> ? seen.GetValueOrDefault(instrument.Name) + value : value;
        });
        listener.Start();
        counts.Swapped("Items.Counted", versions: 2, leftBytes: 1_000);
        counts.Swapped("Items.Counted", versions: 3, leftBytes: 2_000);
        listener.RecordObservableInstruments();
        Assert.Equal(
            new Dictionary<string, long> { ["sharedstate.plugin.swaps"] = 2, ["sharedstate.plugin.versions"] = 3, ["sharedstate.plugin.left_bytes"] = 2_000 }, seen);
        Assert.Equal(new SwapCount(2, 3, 2_000), counts.Plugins["Items.Counted"]);
    }
}

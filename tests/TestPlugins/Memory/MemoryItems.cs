using System.Diagnostics.Metrics;
using SharedState;

namespace TestPlugins;

/// <summary>Stores nothing; counts how many services share its statics.</summary>
public sealed class MemoryItems : EmptyItemService
{
    private static readonly Meter Meter = new("SharedState.Plugin.TestPlugins.Memory");

    private static readonly Counter<long> Openings = Meter.CreateCounter<long>("testplugins.openings", "{opening}", "Opened services.");

    private static readonly Counter<long> Private = new Meter("TestPlugins.Memory").CreateCounter<long>("testplugins.private");

    private static int opened;

    public static int Opened => opened;

    public override ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        Interlocked.Increment(ref opened);
        Openings.Add(1);
        Private.Add(1);
        return default;
    }
}

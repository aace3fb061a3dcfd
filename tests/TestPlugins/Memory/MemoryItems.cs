using SharedState;

namespace TestPlugins;

/// <summary>Stores nothing; counts how many services share its statics.</summary>
public sealed class MemoryItems : EmptyItemService
{
    private static int opened;

    public static int Opened => opened;

    public override ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        Interlocked.Increment(ref opened);
        return default;
    }
}

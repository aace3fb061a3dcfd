using SharedState;

namespace TestPlugins;

/// <summary>Blocks the calling thread at opening and does not listen to anything.</summary>
public sealed class Service : EmptyItemService
{
    public override ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        Thread.Sleep(Timeout.Infinite);
        return default;
    }
}

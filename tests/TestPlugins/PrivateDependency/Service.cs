using Serilog;
using SharedState;

namespace TestPlugins;

/// <summary>Fails at opening with the version of the library that it really runs on.</summary>
public sealed class Service : EmptyItemService
{
    public override ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop) =>
        throw new ItemServiceException(ItemServiceFault.Unusable, $"Serilog {typeof(ILogger).Assembly.GetName().Version}");
}

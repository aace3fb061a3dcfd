using SharedState;

namespace TestPlugins;

/// <summary>Refuses at opening as the key <c>fault</c> says.</summary>
public sealed class Service : EmptyItemService
{
    public override ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        if (context.GetString("fault", "") == "config")
            throw new ItemServiceException(ItemServiceFault.Config, "\"db_table\" must be shorter") { ConfigKey = "db_table" };
        if (context.GetString("fault", "") == "unusable")
            throw new ItemServiceException(ItemServiceFault.Unusable, "the file is a photograph");
        throw new InvalidOperationException("something broke");
    }
}

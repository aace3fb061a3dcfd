namespace TestPlugins;

public sealed class Service : EmptyItemService
{
    public Service() => throw new InvalidOperationException("the moon is in the wrong phase");
}

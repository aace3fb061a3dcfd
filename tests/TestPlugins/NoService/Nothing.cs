namespace TestPlugins;

internal sealed class Nothing : EmptyItemService;

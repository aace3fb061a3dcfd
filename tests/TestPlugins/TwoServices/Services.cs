namespace TestPlugins;

public sealed class One : EmptyItemService;

public sealed class Two : EmptyItemService;

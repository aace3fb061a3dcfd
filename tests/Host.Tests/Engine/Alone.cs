namespace SharedState.Host.Tests.Engine;

/// <summary>Tests that measure the whole process, and run while no other does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

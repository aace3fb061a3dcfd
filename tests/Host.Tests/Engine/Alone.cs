namespace SharedState.Host.Tests.Engine;

/// <summary>
/// Tests that measure the whole process, and run while no other test of their project does. Those of EndToEnd.Tests that measure delays
/// have the category Alone as well:
/// <c>./test.sh</c> runs them after all other projects.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

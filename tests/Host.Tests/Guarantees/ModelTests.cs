using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>The engine against a model, by seeded random runs. <c>SHAREDSTATE_SEEDS</c> runs more of them,
/// <c>SHAREDSTATE_SEED</c> one.</summary>
public sealed class ModelTests
{
    private const int Steps = 120;

    [Fact]
    public void WhateverHappensEachCopyIsWhatTheCollectionWasAtItsRevision()
    {
        Setting.ForEachSeed(seed =>
        {
            using var run = new ModelRun(seed);
            run.Play(Steps);
        });
    }
}

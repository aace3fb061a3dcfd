using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Lifetimes against a model, by seeded random runs. <c>SHAREDSTATE_SEEDS</c> runs more of them, <c>SHAREDSTATE_SEED</c>
/// one.</summary>
public sealed class LifetimeModelTests
{
    private const int Steps = 80;

    [Fact]
    public void WhateverHappensItemsEndWhenTheirLifetimeDoesAndNotBefore()
    {
        Setting.ForEachSeed(seed =>
        {
            using var run = new LifetimeModel(seed);
            run.Play(Steps);
        });
    }
}

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
        if (Setting.Number("SHAREDSTATE_SEED") is { } one)
        {
            Play(one);
            return;
        }
        for (var seed = 1; seed <= Setting.Number("SHAREDSTATE_SEEDS", 1_000); seed++) Play(seed);
    }

    private static void Play(int seed)
    {
        try
        {
            using var run = new LifetimeModel(seed);
            run.Play(Steps);
        }
        catch (Exception exception)
        {
            Assert.Fail($"SHAREDSTATE_SEED={seed}: {exception}");
        }
    }
}

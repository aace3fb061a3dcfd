using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Lifetimes against a model, by seeded random runs. <c>SHAREDSTATE_SEEDS</c> runs more of them, <c>SHAREDSTATE_SEED</c>
/// one.</summary>
public sealed class LifetimeModelTests
{
    private const int Steps = 80, RepeatedSeeds = 20;

    [Fact]
    public void WhateverHappensItemsEndWhenTheirLifetimeDoesAndNotBefore()
    {
        Setting.ForEachSeed(seed =>
        {
            using var run = new LifetimeModel(seed);
            run.Play(Steps);
        });
    }

    /// <summary>Odd seeds have two hosts. There, threads of the pool take part in a swap while reads wait.</summary>
    [Fact]
    public void TheRunsOfAnEvenSeedStoreTheSameBytesAtTheSameTimes()
    {
        for (var seed = 2; seed <= RepeatedSeeds; seed += 2) Assert.Equal(Journal(seed), Journal(seed));
    }

    private static List<string> Journal(int seed)
    {
        var journal = new List<string>();
        using var run = new LifetimeModel(seed) { Journal = journal };
        run.Play(Steps);
        Assert.NotEmpty(journal);
        return journal;
    }
}

using SharedState.Items.MySql;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>What is kept of the numbers that were passed over.</summary>
public sealed class GapsTests
{
    [Fact]
    public void WhatWasPassedOverIsAskedForUntilItIsSeen()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var gaps = new Gaps(100);
            var seen = new HashSet<long>();
            var pending = Enumerable.Range(101, random.Next(1, 400)).Select(n => (long)n).ToList();
            while (pending.Count > 0)
            {
                // In about their order, some much later, each asking in the order of the numbers.
                long[] found = [.. pending.Take(40).Where(_ => random.Next(3) == 0)];
                pending.RemoveAll(found.Contains);
                foreach (var number in found)
                {
                    gaps.Saw(number, 0);
                    seen.Add(number);
                }
                gaps.Merge();
                Assert.True(gaps.All.Count <= 100, $"seed {seed}");
                for (var number = 101; number <= gaps.High; number++)
                {
                    var asked = gaps.All.Any(gap => gap.First <= number && number <= gap.Last);
                    Assert.True(asked || seen.Contains(number), $"{number} is forgotten, seed {seed}");
                }
            }
            Assert.Equal(seen.Max(), gaps.High);
        }
    }

    [Fact]
    public void WhatWasSeenIsNotAskedForAgainWhileTheGapsAreFew()
    {
        var gaps = new Gaps(0);
        foreach (var number in new long[] { 3, 4, 9 }) gaps.Saw(number, 7);
        Assert.Equal([new(1, 2, 7), new(5, 8, 7)], gaps.All);
        gaps.Saw(6, 8);
        gaps.Saw(1, 8);
        Assert.Equal([new(2, 2, 7), new(5, 5, 7), new(7, 8, 7)], gaps.All);
        foreach (var number in new long[] { 2, 5, 7, 8 }) gaps.Saw(number, 9);
        Assert.Empty(gaps.All);
    }

    [Fact]
    public void OldOnesAreGivenUpOrKept()
    {
        var gaps = new Gaps(0);
        gaps.Saw(2, 10);
        gaps.Saw(4, 20);
        gaps.Renew(10, 30);
        Assert.Equal([new(1, 1, 30), new(3, 3, 20)], gaps.All);
        gaps.GiveUp(20);
        Assert.Equal([new(1, 1, 30)], gaps.All);
    }

    [Fact]
    public void ManyBecomeFewWithoutLosingOne()
    {
        var gaps = new Gaps(0);
        for (var number = 2; number <= 2000; number += 2) gaps.Saw(number, number);
        gaps.Merge();
        Assert.InRange(gaps.All.Count, 1, 100);
        for (var number = 1; number < 2000; number += 2) Assert.Contains(gaps.All, gap => gap.First <= number && number <= gap.Last);
    }
}

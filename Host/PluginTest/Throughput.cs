using System.Diagnostics;

namespace SharedState.Host.PluginTest;

/// <summary>Measures the updates per second of a storage and of another one in turns.</summary>
internal static class Throughput
{
    private const int Rounds = 3, Items = 1_000;

    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(700);

    /// <summary>The medians of the rounds of both, and the median of the ratios.</summary>
    public static async Task<Rates> MeasureAsync(IItemService tested, IItemService yardstick, int updates)
    {
        var (mine, others, ratios) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            mine.Add(await RateAsync(tested, updates));
            others.Add(await RateAsync(yardstick, updates));
            ratios.Add(mine[^1] / others[^1]);
        }
        return new(updates, Median(mine), Median(others), Median(ratios));
    }

    /// <summary>Creates the collection that the rounds update. This also warms up the storage.</summary>
    public static async Task FillAsync(IItemService service) =>
        await service.CommitAsync(
            [new() { Key = FaultTests.Key, Insert = [.. Enumerable.Range(0, Items).Select(n => FaultTests.NewItem($"{n}", 0))] }],
            CancellationToken.None);

    private static async Task<double> RateAsync(IItemService service, int updates)
    {
        var (clock, done) = (Stopwatch.StartNew(), 0L);
        while (clock.Elapsed < RoundTime)
        {
            var batch = new ItemUpdate[updates];
            for (var i = 0; i < updates; i++)
                batch[i] = new() { Key = FaultTests.Key, Insert = [FaultTests.NewItem($"{done++ % Items}", done)] };
            await service.CommitAsync(batch, CancellationToken.None);
        }
        return done / clock.Elapsed.TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>The updates per second of the plugin and of Items.Sqlite, with a number of updates in each commit.</summary>
    internal sealed record Rates(int Updates, double Tested, double Sqlite, double Ratio);
}

using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;

namespace SharedState.Host.PluginTest;

/// <summary>Measures the updates per second of a storage and of another one in turns.</summary>
internal static class Throughput
{
    private const int Rounds = 3, Items = 1_000;

    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(700);

    /// <summary>The medians of the rounds of both, and the median of the ratios.</summary>
    public static async Task<Rates> MeasureAsync(IItemService tested, IItemService yardstick, int updates, string folder)
    {
        var (mine, others, ratios) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            mine.Add(await RateAsync(tested, updates));
            others.Add(await RateAsync(yardstick, updates));
            ratios.Add(mine[^1] / others[^1]);
        }
        return new(updates, Median(mine), Median(others), Median(ratios), SyncRate(folder));
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

    /// <summary>How often a second the disk of a folder confirms that it has a block.</summary>
    private static double SyncRate(string folder)
    {
        using var file = File.OpenHandle(
            Path.Combine(folder, "syncs"), FileMode.Create, FileAccess.Write, options: FileOptions.DeleteOnClose);
        var (clock, done, block) = (Stopwatch.StartNew(), 0L, new byte[4_096]);
        for (; clock.Elapsed < RoundTime; done++)
        {
            RandomAccess.Write(file, block, fileOffset: 0);
            RandomAccess.FlushToDisk(file);
        }
        return done / clock.Elapsed.TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>
    /// The updates per second of the plugin and of Items.Sqlite, with a number of updates in each commit; and the blocks per second that
    /// the disk confirms.
    /// </summary>
    internal sealed record Rates(int Updates, double Tested, double Sqlite, double Ratio, double Syncs)
    {
        // A storage may sync faster than the measured way, with files of a fixed size.
        private const int Plausible = 4;

        /// <summary>A remark on a rate that a storage on this disk can hardly have; null if there is none.</summary>
        [JsonIgnore]
        public string? Remark => Tested / Updates <= Plausible * Math.Max(Syncs, Sqlite / Updates) ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"{Tested / Updates:N0} commits a second, one after the other, while this disk confirms {Syncs:N0} writes a second: a storage "
                + $"on this disk seems to acknowledge commits before the disk has them.");
    }
}

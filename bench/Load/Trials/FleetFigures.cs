namespace SharedState.Bench.Load.Trials;

/// <summary>What a fleet reached in a window, and who used how much of a core for it.</summary>
/// <param name="Updates">Acknowledged updates a second.</param>
/// <param name="Load">The share of a core that the load used.</param>
/// <param name="Storage">That of the storage.</param>
/// <param name="Hosts">That of each host.</param>
/// <param name="Merged">Updates that came to subscribers merged with others.</param>
internal sealed record FleetFigures(double Updates, double Load, double Storage, IReadOnlyList<double> Hosts, long Merged)
{
    public static FleetFigures Between(FleetLook before, FleetLook after)
    {
        double time = after.Time - before.Time;
        return new(
            (after.Updates - before.Updates) * 1e9 / time,
            (after.Load - before.Load) / time,
            (after.Storage - before.Storage) / time,
            [.. after.Hosts.Zip(before.Hosts, (now, then) => (now - then) / time)],
            after.Merged - before.Merged);
    }

    /// <summary>The medians of several windows, each by itself.</summary>
    public static FleetFigures Median(IReadOnlyList<FleetFigures> rounds) => new(
        Middle(rounds.Select(round => round.Updates)),
        Middle(rounds.Select(round => round.Load)),
        Middle(rounds.Select(round => round.Storage)),
        [.. Enumerable.Range(0, rounds[0].Hosts.Count).Select(host => Middle(rounds.Select(round => round.Hosts[host])))],
        rounds.Sum(round => round.Merged));

    private static double Middle(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

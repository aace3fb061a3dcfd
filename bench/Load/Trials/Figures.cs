namespace SharedState.Bench.Load.Trials;

/// <summary>What one contestant reached in one round, or the medians of several.</summary>
internal readonly record struct Figures
{
    /// <summary>What the cell counts, a second; or a time or a size, which its unit says. No number where a row has none.</summary>
    public double Value { get; init; }

    /// <summary>Seconds of processor time of the server for a million of them.</summary>
    public double? Processor { get; init; }

    /// <summary>In microseconds.</summary>
    public double? Middle { get; init; }

    /// <summary>In microseconds: 99 of 100 took no longer.</summary>
    public double? Late { get; init; }

    /// <summary>In microseconds.</summary>
    public double? Longest { get; init; }

    /// <summary>The share of the time in which the load generator was at work.</summary>
    public double? Busy { get; init; }

    /// <summary>Updates that came merged with others.</summary>
    public long Merged { get; init; }

    public static Figures Median(IReadOnlyList<Figures> rounds) => new()
    {
        Value = Median(rounds.Select(round => (double?)round.Value)) ?? 0,
        Processor = Median(rounds.Select(round => round.Processor)),
        Middle = Median(rounds.Select(round => round.Middle)),
        Late = Median(rounds.Select(round => round.Late)),
        Longest = rounds.Max(round => round.Longest),
        Busy = Median(rounds.Select(round => round.Busy)),
        Merged = rounds.Sum(round => round.Merged),
    };

    private static double? Median(IEnumerable<double?> values)
    {
        var sorted = values.Where(value => value is not null).Order().ToArray();
        if (sorted.Length == 0) return null;
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

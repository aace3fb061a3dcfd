using HdrHistogram;

namespace SharedState.Bench.Load.Checks;

/// <summary>How long deliveries took, from when the update was due to be sent.</summary>
internal sealed class Latencies
{
    private const long LongestNanoseconds = 60_000_000_000;
    private const int Digits = 3;

    private readonly LongHistogram _histogram = new(LongestNanoseconds, Digits);

    public void Record(long nanoseconds) => _histogram.RecordValue(Math.Clamp(nanoseconds, 1, LongestNanoseconds));

    /// <summary>Takes what others recorded.</summary>
    public void Add(Latencies others) => _histogram.Add(others._histogram);

    /// <summary>Which share of them took longer than the first, and not longer than the second, in microseconds.</summary>
    public double Share(double above, double upTo) =>
        _histogram.TotalCount == 0
            ? 0
            : _histogram
                .RecordedValues()
                .Where(its => its.ValueIteratedTo > above * 1e3 && its.ValueIteratedTo <= upTo * 1e3)
                .Sum(its => its.CountAtValueIteratedTo) / (double)_histogram.TotalCount;

    /// <summary>In microseconds, what so many percent did not exceed.</summary>
    public double Percentile(double percent) => _histogram.GetValueAtPercentile(percent) / 1e3;

    /// <summary>In microseconds.</summary>
    public double Longest => _histogram.GetMaxValue() / 1e3;
}

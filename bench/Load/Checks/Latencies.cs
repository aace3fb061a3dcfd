using HdrHistogram;

namespace SharedState.Bench.Load.Checks;

/// <summary>How long deliveries took, from when the update was due to be sent.</summary>
internal sealed class Latencies
{
    private const long LongestNanoseconds = 60_000_000_000;
    private const int Digits = 3;

    private readonly LongHistogram _histogram = new(LongestNanoseconds, Digits);

    public void Record(long nanoseconds) => _histogram.RecordValue(Math.Clamp(nanoseconds, 1, LongestNanoseconds));

    /// <summary>In microseconds, what so many percent did not exceed.</summary>
    public double Percentile(double percent) => _histogram.GetValueAtPercentile(percent) / 1e3;

    /// <summary>In microseconds.</summary>
    public double Longest => _histogram.GetMaxValue() / 1e3;
}

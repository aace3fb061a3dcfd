namespace SharedState.Host.Diagnostics;

/// <summary>
/// Counters that many threads add to. Each processor has its own row, so that an add does not wait for a cache line that another processor
/// has just changed.
/// </summary>
internal sealed class Counters
{
    // In front of and behind a row, so that no two rows share a cache line or the one that the processor fetches with it.
    private const int Margin = 16;

    private readonly long[][] _rows;

    /// <param name="count">The number of counters.</param>
    public Counters(int count) => _rows = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new long[count + (2 * Margin)])];

    public void Add(int counter, long value) =>
        Interlocked.Add(ref _rows[Thread.GetCurrentProcessorId() % _rows.Length][Margin + counter], value);

    public long Sum(int counter) => _rows.Sum(row => Volatile.Read(ref row[Margin + counter]));
}

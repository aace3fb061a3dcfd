using System.Diagnostics;

namespace SharedState.Host.Tests;

/// <summary>What an action costs: the least of several runs, because the runtime and other tests of the process cost something,
/// too.</summary>
public static class Spent
{
    private const int Runs = 5;

    /// <summary>The bytes that the action allocates on its thread.</summary>
    public static long Bytes(Action action) => Enumerable.Range(0, Runs).Min(_ =>
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    });

    /// <summary>The processor's time during the action.</summary>
    public static TimeSpan Time(Action action) => Enumerable.Range(0, Runs).Min(_ =>
    {
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        action();
        return Process.GetCurrentProcess().TotalProcessorTime - before;
    });
}

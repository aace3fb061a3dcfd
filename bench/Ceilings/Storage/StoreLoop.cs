using System.Diagnostics;
using System.Globalization;

namespace SharedState.Bench.Ceilings.Storage;

/// <summary>Writes to a store as fast as it goes. Each line that it reads says for how many seconds; it answers with a count and how long
/// it took.</summary>
internal static class StoreLoop
{
    public static void Run(IStore store)
    {
        while (Console.ReadLine() is { } line)
        {
            var seconds = double.Parse(line, CultureInfo.InvariantCulture);
            var (begin, count) = (Stopwatch.GetTimestamp(), 0L);
            do count += store.Store();
            while (Elapsed(begin) < seconds);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} {Elapsed(begin)}"));
        }
    }

    private static double Elapsed(long begin) => Stopwatch.GetElapsedTime(begin).TotalSeconds;
}

using System.Diagnostics;
using System.Globalization;

namespace SharedState.Micro;

/// <summary>
/// Commits to a file, in rounds that alternate with what the disk and SQLite can do: one update at a time, and 100 at a time. Each round is
/// a line; the last one has the medians. The first round makes the files and does not count.
/// </summary>
internal static class DurableRounds
{
    private static readonly TimeSpan _share = TimeSpan.FromSeconds(1);

    public static int Run(int rounds)
    {
        var folder = Directory
            .CreateDirectory(
                Path.Combine(Environment.GetEnvironmentVariable("DURABLE") ?? Path.GetTempPath(), $"durable-{Environment.ProcessId}"))
            .FullName;
        if (new DriveInfo(folder).DriveFormat == "tmpfs")
            throw new IOException($"{folder} is in memory: set DURABLE to a folder on a disk.");
        try
        {
            Measure(folder, rounds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;
    }

    private static void Measure(string folder, int rounds)
    {
        using var flushes = new Flushes(Path.Combine(folder, "flushes"));
        using var bare = new BareSqlite(Path.Combine(folder, "bare.db"));
        var service = Storage.OpenAsync(Path.Combine(folder, "items.db")).GetAwaiter().GetResult();
        var (single, hundred) = (Updates.Batches(10_000, 1), Updates.Batches(10_000, 100, first: 10_000));
        int[] next = [0, 0, 0, 0];
        var lines = new List<double[]>();
        for (var round = 0; round <= rounds; round++)
        {
            double[] rates =
            [
                Rate(flushes.Append),
                Rate(() => Commit(service, single[next[0]++ % single.Length])),
                Rate(() => bare.Commit(single[next[1]++ % single.Length])),
                100 * Rate(() => Commit(service, hundred[next[2]++ % hundred.Length])),
                100 * Rate(() => bare.Commit(hundred[next[3]++ % hundred.Length])),
            ];
            double[] line = [.. rates, rates[1] / rates[0], rates[1] / rates[2], rates[3] / rates[4]];
            if (round > 0) lines.Add(line);
            Print($"round {round}", line);
        }
        Print("median",
            [.. Enumerable.Range(0, lines[0].Length).Select(column => lines.Select(line => line[column])
                .Order().ElementAt(lines.Count / 2))]);
        service.DisposeAsync().AsTask().Wait();
    }

    private static void Print(string name, double[] line) =>
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-8} flushes {line[0],6:f0}/s, alone {line[1],6:f0} ({line[5]:f2} of flushes, {line[6]:f2} of bare), by 100 "
                    + $"{line[3],7:f0} ({line[7]:f2} of bare {line[4]:f0})"));

    private static void Commit(IItemService service, ItemUpdate[] batch) =>
        service.CommitAsync(batch, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    private static double Rate(Action commit)
    {
        for (var n = 0; n < 20; n++) commit();
        var (start, count) = (Stopwatch.GetTimestamp(), 0);
        for (; Stopwatch.GetElapsedTime(start) < _share; count++) commit();
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}

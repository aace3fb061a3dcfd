using SharedState.Bench.Load.Native;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Wire;
using SharedState.Bench.Load.Workloads;

namespace SharedState.Bench.Load;

/// <summary>Runs the workloads and prints the table. Exit codes: 0 measured, 1 a contestant did wrong, 2 the command line is.</summary>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        if (CommandLine.Parse(arguments) is not { } command)
        {
            Console.Error.WriteLine(CommandLine.Usage);
            return 2;
        }
        Clock.Sharpen();
        using var loop = new Loop();
        // A figure counts only if the checks can fail, so this is shown each time.
        if (!SelfCheck.Run(command.Ceilings, loop)) return 1;
        if (command.SelfCheck) return 0;
        var table = new Table(Console.Out, Targets.All);
        var bench = new Bench(command, loop, table);
        try
        {
            foreach (var workload in All.Where(workload => bench.Wants(workload.Name, workload.OnlyByName))) workload.Run(bench);
        }
        catch (Violation violation)
        {
            Console.Error.WriteLine($"FAILED: {violation.Message}");
            return 1;
        }
        table.Finish();
        if (bench.Unknown is not [_, ..] unknown) return 0;
        Console.Error.WriteLine(
            $"there is no cell {string.Join(", ", unknown)}; the workloads are {string.Join(", ", All.Select(workload => workload.Name))}");
        return 2;
    }

    private static IEnumerable<Workload> All =>
    [
        new FanOut(), new Rooms(), new Ingest(), new DurableIngest(), new Edits(), new Presence(), new Access(), new Growth(),
        new Idle(), new Snapshot(), new Resume(), new ColdStart(),
        new HostDelay(), new HostScale(), new HostGrowth(),
    ];
}

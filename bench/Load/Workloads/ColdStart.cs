using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>From the start of the process to the first answer, beside an application that does nothing.</summary>
internal sealed class ColdStart : Workload
{
    private const int FewestStarts = 7; // short, and the median of few is uncertain

    public override string Name => "cold-start";

    public override void Run(Bench bench)
    {
        Contestant[] contestants = [Contestant.Empty(bench.Ceilings), .. bench.Shared];
        var servers = Array.ConvertAll(contestants, contestant => new Startable(new Setup(contestant) { Database = "items.db" }));
        try
        {
            // The first start makes the database and brings the program's files into memory; it does not count.
            Entrant<Figures>[] entrants =
            [
                .. servers.Select(server => new Entrant<Figures>(server.Contestant.Label, () => new() { Value = server.Start() })),
            ];
            Bench.Turns(Name, 1, entrants);
            var medians = Array.ConvertAll(Bench.Turns(Name, Math.Max(FewestStarts, bench.Rounds), entrants), Figures.Median);
            bench.Report(Name, Unit.Milliseconds, servers.Zip(medians, (server, median) => (server.Contestant, median)));
        }
        finally
        {
            foreach (var server in servers) server.Dispose();
        }
    }
}

using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>Writers of one collection in a SQLite file, each acknowledgement behind a flush, beside what disk and SQLite can do by
/// themselves.</summary>
internal sealed class DurableIngest : Workload
{
    private const int InFlight = 64, ItemBytes = 100;

    public override string Name => "ingest/durable";

    public override void Run(Bench bench)
    {
        Bench.NeedDisk(Name);
        using var disk = new StoreProcess(bench.Ceilings, "disk", bench.WarmUp);
        using var sqlite = new StoreProcess(bench.Ceilings, "sqlite", bench.WarmUp);
        foreach (var writers in new[] { 1, 50, 200 })
        {
            if (bench.Wants($"{Name}/{writers}")) Measure(bench, writers, [disk, sqlite]);
        }
    }

    private void Measure(Bench bench, int writers, StoreProcess[] stores)
    {
        var group = $"{Name}/{writers}";
        var setups = bench.Shared.Select(contestant => new Setup(contestant) { Database = "items.db" });
        bench.With(group, setups, stage => Build(bench, stage, writers), stages =>
        {
            foreach (var (name, window) in new[] { ("closed", 1), ("pipelined", InFlight) })
            {
                Figures Run(Stage stage) => Traffic.Run(stage, new Window(window), it => it.Acknowledged, bench.Window / 10, bench.Window);
                if (bench.Wants($"{group}/{name}")) Measure(bench, $"{group}/{name}", stores, stages, Run);
            }
        });
    }

    private static void Measure(Bench bench, string cell, StoreProcess[] stores, IReadOnlyList<Stage> stages, Func<Stage, Figures> run)
    {
        var entrants = stores.Select(store => new Entrant<Figures>(store.Label, () => store.Run(bench.Window)))
            .Concat(stages.Select(stage => Entrant.Of(stage, run)));
        var rounds = Bench.Turns(cell, bench.Rounds, [.. entrants]);
        var rows = entrants.Zip(
            rounds, (entrant, its) => (entrant.Label, stages.Any(stage => stage.Contestant.Label == entrant.Label), Figures.Median(its)));
        bench.Report(cell, Unit.UpdatesPerSecond, rows);
    }

    private static void Build(Bench bench, Stage stage, int writers)
    {
        var room = stage.AddRoom("r0", writers);
        foreach (var link in stage.Connect(writers)) stage.AddWriter(link, room, new Item(ItemBytes));
        Traffic.WarmUp(stage, new Window(InFlight), bench.LongestWarmUp);
    }
}

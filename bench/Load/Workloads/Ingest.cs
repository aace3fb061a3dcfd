using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>Writers of one collection that nobody follows.</summary>
internal sealed class Ingest : Workload
{
    private const int InFlight = 64, BatchesInFlight = 4, ItemBytes = 100, BatchItems = 1_000;

    public override string Name => "ingest";

    public override void Run(Bench bench)
    {
        foreach (var writers in new[] { 1, 50, 200 })
        {
            var group = $"{Name}/memory/{writers}";
            if (bench.Wants($"{group}/closed") || bench.Wants($"{group}/pipelined")) Singles(bench, group, writers);
            if (writers == 1 && bench.Wants($"{group}/batches")) Batches(bench, $"{group}/batches");
        }
    }

    private static void Singles(Bench bench, string group, int writers) => With(bench, group, writers, new(ItemBytes), 1, stages =>
    {
        foreach (var (name, window) in new[] { ("closed", 1), ("pipelined", InFlight) })
        {
            Figures Run(Stage stage) => Traffic.Run(stage, new Window(window), it => it.Acknowledged, bench.Window / 10, bench.Window);
            if (bench.Wants($"{group}/{name}")) bench.Measure($"{group}/{name}", Unit.UpdatesPerSecond, stages, Run);
        }
    });

    private static void Batches(Bench bench, string cell) => With(bench, cell, 1, new(ItemBytes, idDigits: 3), BatchItems, stages =>
    {
        Figures Run(Stage stage) =>
            Traffic.Run(stage, new Window(BatchesInFlight), it => it.Acknowledged * BatchItems, bench.Window / 10, bench.Window);
        bench.Measure(cell, Unit.ItemsPerSecond, stages, Run);
    });

    private static void With(Bench bench, string group, int writers, Item item, int itemsPerUpdate, Action<IReadOnlyList<Stage>> measure) =>
        bench.With(group, bench.WithHub, stage => Build(bench, stage, writers, item, itemsPerUpdate), measure);

    private static void Build(Bench bench, Stage stage, int writers, Item item, int itemsPerUpdate)
    {
        var room = stage.AddRoom("r0", writers);
        foreach (var link in stage.Connect(writers)) stage.AddWriter(link, room, item, itemsPerUpdate);
        Traffic.WarmUp(stage, new Window(itemsPerUpdate == 1 ? InFlight : BatchesInFlight), bench.LongestWarmUp);
    }
}

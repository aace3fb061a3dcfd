using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>A hundred clients who all write, one update in flight each, and all receive.</summary>
internal sealed class Rooms : Workload
{
    private const int Clients = 100, ItemBytes = 100;

    public override string Name => "rooms";

    public override void Run(Bench bench)
    {
        foreach (var rooms in new[] { 10, 1 })
        {
            var cell = $"{Name}/{rooms}x{Clients / rooms}";
            if (!bench.Wants(cell)) continue;
            Figures Once(Stage stage) => Traffic.Run(stage, new Window(1), it => it.Deliveries, bench.Window / 10, bench.Window);
            bench.With(
                cell, bench.WithHub, stage => Build(bench, stage, rooms),
                stages => bench.Measure(cell, Unit.DeliveriesPerSecond, stages, Once));
        }
    }

    private static void Build(Bench bench, Stage stage, int rooms)
    {
        for (var index = 0; index < rooms; index++)
        {
            var room = stage.AddRoom($"r{index}", Clients / rooms);
            var links = stage.Connect(Clients / rooms);
            stage.Follow(room, links);
            foreach (var link in links) stage.AddWriter(link, room, new Item(ItemBytes));
        }
        Traffic.WarmUp(stage, new Window(1), bench.LongestWarmUp);
    }
}

using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>One writer, many subscribers of one collection.</summary>
internal sealed class FanOut : Workload
{
    private const int InFlight = 64;
    private const double ModestShare = 0.25; // of what the slower of b and Shared State can do

    public override string Name => "fan-out";

    public override void Run(Bench bench)
    {
        foreach (var subscribers in new[] { 10, 100, 1_000, 5_000 })
        {
            foreach (var size in new[] { 100, 1_000 })
            {
                var group = $"{Name}/{subscribers}x{(size < 1_000 ? $"{size}B" : $"{size / 1_000}KB")}";
                if (bench.Wants(group)) Run(bench, group, subscribers, new(size));
            }
        }
    }

    private static void Run(Bench bench, string group, int subscribers, Item item)
    {
        var contestants = subscribers <= 100 ? bench.WithHub : bench.Usual;
        bench.With(group, contestants, stage => Build(bench, stage, subscribers, item), stages =>
        {
            var slowest = Saturated(bench, group, stages);
            if (bench.Wants($"{group}/one-at-a-time")) Measure(bench, $"{group}/one-at-a-time", stages, () => new OneAtATime());
            var rate = slowest * ModestShare / subscribers;
            if (bench.Wants($"{group}/fixed-rate")) Measure(bench, $"{group}/fixed-rate", stages, () => new Steady(rate), latencies: true);
        });
    }

    private static void Build(Bench bench, Stage stage, int subscribers, Item item)
    {
        var room = stage.AddRoom("r0", writers: 1);
        stage.Follow(room, stage.Connect(subscribers));
        stage.AddWriter(stage.Connect(1)[0], room, item);
        Traffic.WarmUp(stage, new Window(InFlight), bench.LongestWarmUp);
    }

    /// <summary>Measures what they can do at most; this is needed for the modest rate even if nobody asked for the cell.</summary>
    private static double Saturated(Bench bench, string group, IReadOnlyList<Stage> stages)
    {
        var figures = Measure(bench, $"{group}/saturated", stages, () => new Window(InFlight));
        return stages
            .Zip(figures)
            .Where(pair => pair.First.Contestant.IsShared || pair.First.Contestant == bench.B)
            .Min(pair => pair.Second.Value);
    }

    private static IReadOnlyList<Figures> Measure(
        Bench bench, string cell, IReadOnlyList<Stage> stages, Func<Pace> pace, bool latencies = false)
    {
        Figures Run(Stage stage) => Traffic.Run(stage, pace(), it => it.Deliveries, bench.Window / 10, bench.Window, latencies);
        return bench.Measure(cell, Unit.DeliveriesPerSecond, stages, Run);
    }
}

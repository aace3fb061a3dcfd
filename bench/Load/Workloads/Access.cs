using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>Plain traffic with a rule that allows everything to each user, beside the same traffic without access.</summary>
internal sealed class Access : Workload
{
    /// <summary>The rows of the host without access.</summary>
    public const string Plain = "plain";

    private const int Subscribers = 100, Writers = 50, InFlight = 64;

    private static readonly Item Item = new(100);

    public override string Name => "access";

    public override void Run(Bench bench)
    {
        FanOut(bench, $"{Name}/fan-out");
        if (bench.Wants($"{Name}/ingest/closed")) Ingest(bench, $"{Name}/ingest/closed");
    }

    private static void FanOut(Bench bench, string group)
    {
        var cells = new (string Name, Func<Pace> Pace)[]
        {
            ($"{group}/saturated", () => new Window(InFlight)), ($"{group}/one-at-a-time", () => new OneAtATime()),
        };
        if (!cells.Any(cell => bench.Wants(cell.Name))) return;
        bench.With(group, Setups(bench), stage =>
        {
            var room = stage.AddRoom("r0", writers: 1);
            stage.Follow(room, stage.Connect(Subscribers));
            stage.AddWriter(stage.Connect(1)[0], room, Item);
            Traffic.WarmUp(stage, new Window(InFlight), bench.LongestWarmUp);
        }, stages =>
        {
            foreach (var (name, pace) in cells.Where(cell => bench.Wants(cell.Name)))
            {
                Figures Run(Stage stage) => Traffic.Run(stage, pace(), it => it.Deliveries, bench.Window / 10, bench.Window);
                bench.Measure(name, Unit.DeliveriesPerSecond, stages, Run);
            }
        });
    }

    private static void Ingest(Bench bench, string cell) => bench.With(cell, Setups(bench), stage =>
    {
        var room = stage.AddRoom("r0", Writers);
        foreach (var link in stage.Connect(Writers)) stage.AddWriter(link, room, Item);
        Traffic.WarmUp(stage, new Window(1), bench.LongestWarmUp);
    }, stages =>
    {
        Figures Run(Stage stage) => Traffic.Run(stage, new Window(1), it => it.Acknowledged, bench.Window / 10, bench.Window);
        bench.Measure(cell, Unit.UpdatesPerSecond, stages, Run);
    });

    private static Setup[] Setups(Bench bench)
    {
        var shared = bench.Shared[0];
        return
        [
            new(shared with { Label = Plain }),
            new(shared with { Dialect = new UserDialect() }) { Access = UserDialect.Access },
        ];
    }
}

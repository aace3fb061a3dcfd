using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>Updates that depend on the state, beside plain ones: a hundred writers of one collection, each with one update in
/// flight.</summary>
internal sealed class Edits : Workload
{
    /// <summary>The rows with plain updates.</summary>
    public const string Plain = "plain";

    private const int Writers = 100;

    public override string Name => "edits";

    public override void Run(Bench bench)
    {
        if (bench.Wants($"{Name}/inc")) Compare(bench, $"{Name}/inc", Edit.InsertOne, Edit.Increment);
        if (bench.Wants($"{Name}/since")) Compare(bench, $"{Name}/since", Edit.InsertOwn, Edit.InsertUnchanged);
    }

    private static void Compare(Bench bench, string cell, Edit plain, Edit edit)
    {
        var shared = bench.Shared[0];
        var setups = new[] { (Plain, plain), (shared.Label, edit) }.Select(pair =>
            new Setup(shared with { Label = pair.Item1, Dialect = new EditDialect(pair.Item2) }));
        bench.With(cell, setups, stage => Build(bench, stage), stages =>
        {
            Figures Run(Stage stage) => Traffic.Run(stage, new Window(1), it => it.Acknowledged, bench.Window / 10, bench.Window);
            bench.Measure(cell, Unit.UpdatesPerSecond, stages, Run);
        });
    }

    private static void Build(Bench bench, Stage stage)
    {
        var room = stage.AddRoom("r0", Writers);
        foreach (var link in stage.Connect(Writers)) stage.AddWriter(link, room, new(100));
        Traffic.WarmUp(stage, new Window(1), bench.LongestWarmUp);
    }
}

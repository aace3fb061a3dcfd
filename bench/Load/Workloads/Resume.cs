using SharedState.Bench.Load.Checks;
using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>A client that comes back after a hundred changes, and gets those only, in a large collection as fast as in a small
/// one.</summary>
internal sealed class Resume : Workload
{
    /// <summary>The row that stands for no difference between large and small.</summary>
    public const string Even = "even";

    private const int Smallest = 1_000, Largest = 100_000, Changes = 100;
    private const string Room = "r0";

    public override string Name => "resume";

    public override void Run(Bench bench)
    {
        var overall = $"{Name}/{Largest / 1_000}k-to-{Smallest / 1_000}k";
        var medians = new Dictionary<(Contestant, int), Figures>();
        foreach (var items in new[] { Smallest, 10_000, Largest })
        {
            var cell = $"{Name}/{items / 1_000}k";
            if (bench.Wants(cell) || (items != 10_000 && bench.Wants(overall))) Run(bench, cell, items, medians);
        }
        if (!bench.Wants(overall)) return;
        var ratios = bench.Shared.Select(host =>
            (host.Label, true, new Figures { Value = medians[(host, Largest)].Value / medians[(host, Smallest)].Value }));
        bench.Report(overall, Unit.Times, [(Even, false, new() { Value = 1 }), .. ratios]);
    }

    private static void Run(Bench bench, string cell, int items, Dictionary<(Contestant, int), Figures> medians)
    {
        var fetches = new Dictionary<Stage, Fetch>();
        // Shared State's come first: what it sends says how much b has to.
        bench.With(cell, [.. bench.Shared, bench.B], Build, stages =>
        {
            stages = [.. stages.OrderBy(stage => stage.Contestant.IsShared)];
            var figures = bench.Measure(cell, Unit.Milliseconds, stages, stage => fetches[stage].One(bench.Window));
            foreach (var (stage, median) in stages.Zip(figures)) medians.Add((stage.Contestant, items), median);
        });

        void Build(Stage stage)
        {
            var fetch = stage.Contestant.IsShared ? Changed(stage, items) : Ceiling.Fetch(stage, fetches.Values.First().Answer.Length);
            fetches.Add(stage, fetch);
            fetch.One(bench.WarmUp);
        }
    }

    private static Fetch Changed(Stage stage, int items)
    {
        var content = new Content(stage, Room, items);
        content.Fill();
        var before = Notification.Read(new Fetch(stage, SharedDialect.Subscribe(Room), frames: 2).Answer);
        content.Change(Changes);
        var fetch = new Fetch(
            stage, SharedDialect.Subscribe(Room, $$"""{"since":{{before.Revision}},"epoch":"{{before.Epoch}}"}"""), frames: 2);
        var difference = Notification.Read(fetch.Answer);
        if (difference is not { Reset: false, Removed: 0 } || difference.Previous is not { } previous || previous > before.Revision)
            throw new Violation($"a resume from {before.Revision} got prev {difference.Previous}, reset {difference.Reset}");
        if (difference.Revision != content.Revision || difference.Epoch != before.Epoch)
            throw new Violation(
                $"a resume led to revision {difference.Revision} of {difference.Epoch} instead of {content.Revision} of {before.Epoch}");
        if (
            difference.Items.Count != Changes
            || difference.Items.Values.Any(item => item.Stamp != Content.Changed || item.Bytes != Content.ItemBytes))
            throw new Violation($"a resume after {Changes} changes got {difference.Items.Count} items, or not their last state");
        return fetch;
    }
}

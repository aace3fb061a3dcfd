using SharedState.Bench.Load.Checks;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>Whole collections for one client, and for many who reconnect at once.</summary>
internal sealed class Snapshot : Workload
{
    private const int Many = 100;
    private const double QuietSeconds = 1;
    private const string Room = "r0";

    public override string Name => "snapshot";

    public override void Run(Bench bench)
    {
        foreach (var items in new[] { 1_000, 10_000, 100_000 })
        {
            var group = $"{Name}/{items / 1_000}k";
            if (bench.Wants(group)) Run(bench, group, items);
        }
    }

    private static void Run(Bench bench, string group, int items)
    {
        var fetches = new Dictionary<Stage, Fetch>();
        // Shared State's come first: what it sends says how much b has to.
        bench.With(group, [.. bench.Shared, bench.B], Build, stages =>
        {
            stages = [.. stages.OrderBy(stage => stage.Contestant.IsShared)];
            if (bench.Wants($"{group}/1"))
                bench.Measure($"{group}/1", Unit.Milliseconds, stages, stage => fetches[stage].One(bench.Window));
            if (bench.Wants($"{group}/{Many}")) AtOnce(bench, $"{group}/{Many}", stages, fetches);
        });

        void Build(Stage stage)
        {
            var fetch = stage.Contestant.IsShared ? Whole(stage, items) : Ceiling.Fetch(stage, fetches.Values.First().Answer.Length);
            fetches.Add(stage, fetch);
            fetch.One(bench.WarmUp);
        }
    }

    /// <summary>Measures the time, and by how much the server's memory ever exceeded what it was before.</summary>
    private static void AtOnce(Bench bench, string cell, IReadOnlyList<Stage> stages, Dictionary<Stage, Fetch> fetches)
    {
        Rest.For(stages[0], QuietSeconds);
        var before = stages.Select(stage => stage.Server.Resident).ToArray();
        foreach (var stage in stages)
        {
            stage.Server.ForgetPeak();
            Bench.Guarded(cell, stage.Contestant.Label, () => fetches[stage].AtOnce(Many, bench.WarmUp));
        }
        bench.Measure(cell, Unit.Milliseconds, stages, stage => fetches[stage].AtOnce(Many, bench.Window));
        var growth = stages.Select((stage, index) => (stage.Contestant, new Figures { Value = stage.Server.PeakResident - before[index] }));
        bench.Report($"{cell}/memory", Unit.Megabytes, growth);
    }

    private static Fetch Whole(Stage stage, int items)
    {
        var content = new Content(stage, Room, items);
        content.Fill();
        var fetch = new Fetch(stage, SharedDialect.Subscribe(Room), frames: 2);
        var first = Notification.Read(fetch.Answer);
        if (first is not { Reset: true, Removed: 0, Previous: null } || first.Revision != content.Revision || first.Items.Count != items)
            throw new Violation(
                $"{first.Items.Count} items came at revision {first.Revision}, reset {first.Reset}, instead of {items} at "
                    + $"{content.Revision}");
        if (first.Items.Values.Any(item => item.Bytes != Content.ItemBytes))
            throw new Violation("an item in a first notification has not the length that was sent");
        return fetch;
    }
}

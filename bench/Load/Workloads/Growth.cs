using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>The same traffic of one room, beside more and more that has nothing to do with it: collections, connections.</summary>
internal sealed class Growth : Workload
{
    private const int Subscribers = 100, ItemBytes = 100, InFlight = 64;
    private const double ModestShare = 0.25; // of what the slowest can do, as in fan-out

    private static readonly int[] Sizes = [1, 1_000, 10_000];

    public override string Name => "growth";

    public override void Run(Bench bench)
    {
        if (bench.Wants($"{Name}/collections")) BesideCollections(bench, $"{Name}/collections");
        if (bench.Wants($"{Name}/connections")) BesideConnections(bench, $"{Name}/connections");
    }

    /// <summary>Collections do not go away again in time, so there is a server for each number of them.</summary>
    private static void BesideCollections(Bench bench, string group)
    {
        // Long enough that all stay in memory while they are measured.
        var setups = bench.Shared.SelectMany(contestant =>
            Sizes.Select(_ => new Setup(contestant) { Limits = """{"collection_idle_seconds": 600}""" }));
        var (rate, built) = (double.MaxValue, 0);
        bench.With(group, setups, stage =>
        {
            rate = Math.Min(rate, Build(bench, stage));
            var creations = Enumerable.Range(0, Sizes[built++ % Sizes.Length]).Select(index => SharedDialect.Creation($"c{index}"));
            stage.Ask(stage.Connect(1)[0], creations);
        }, stages =>
        {
            GrowthTrial On(Stage stage, int index) =>
                new(stage.Contestant, Sizes[index % Sizes.Length], () => Measure(bench, stage, rate, bench.Window));
            Report(bench, group, [.. stages.Select(On)]);
        });
    }

    /// <summary>Connections come before each trial and go after it, so that pings of theirs meet nobody else's.</summary>
    private static void BesideConnections(Bench bench, string group)
    {
        var pingSeconds = bench.Quick ? 1 : 3;
        var seconds = pingSeconds + 1.2; // the host looks once a second who is to be pinged: each of them is, in this time
        var setups = bench.Usual.Select(contestant => new Setup(contestant) { Limits = $$"""{"ping_seconds": {{pingSeconds}}}""" });
        var rate = double.MaxValue;
        bench.With(group, setups, stage => rate = Math.Min(rate, Build(bench, stage)), stages =>
        {
            IEnumerable<GrowthTrial> Of(Stage stage)
            {
                var crowd = new Crowd(stage);
                return Sizes.Select(size => new GrowthTrial(stage.Contestant, size, () =>
                {
                    crowd.Become(size);
                    var pings = crowd.Pings;
                    var pair = Measure(bench, stage, rate, seconds);
                    pings = crowd.Pings - pings;
                    if (stage.Contestant.IsShared && pings < size) throw new Violation($"of {size} idle connections only {pings} were "
                        + "pinged");
                    if (size == Sizes[^1]) crowd.Become(Sizes[0]);
                    return pair;
                }));
            }
            Report(bench, group, [.. stages.SelectMany(Of)]);
        });
    }

    /// <summary>Brings the room to life; returns the updates a second that are a modest rate for this server.</summary>
    private static double Build(Bench bench, Stage stage)
    {
        var room = stage.AddRoom("r0", writers: 1);
        stage.Follow(room, stage.Connect(Subscribers));
        stage.AddWriter(stage.Connect(1)[0], room, new(ItemBytes));
        Traffic.WarmUp(stage, new Window(InFlight), bench.LongestWarmUp);
        var most = Traffic.Run(stage, new Window(InFlight), it => it.Deliveries, bench.Window / 10, bench.Window);
        return most.Value * ModestShare / Subscribers;
    }

    private static (Figures Saturated, Figures Steady) Measure(Bench bench, Stage stage, double rate, double seconds)
    {
        Figures Run(Pace pace, double time, bool latencies) =>
            Traffic.Run(stage, pace, it => it.Deliveries, bench.Window / 10, time, latencies);
        return (Run(new Window(InFlight), bench.Window, false), Run(new Steady(rate), seconds, true));
    }

    /// <summary>Runs the trials, and makes a cell of each size and pace: of each contestant its figures beside one, and beside so
    /// many.</summary>
    private static void Report(Bench bench, string group, IReadOnlyList<GrowthTrial> trials)
    {
        var entrants = trials.Select(trial => new Entrant<(Figures Saturated, Figures Steady)>(trial.Contestant.Label, trial.Run));
        var rounds = Bench.Turns(group, bench.Rounds, [.. entrants]);
        foreach (var size in Sizes[1..])
        {
            Cell($"{group}/{size}/saturated", its => its.Saturated);
            Cell($"{group}/{size}/fixed-rate", its => its.Steady);

            void Cell(string name, Func<(Figures Saturated, Figures Steady), Figures> pick)
            {
                var rows = trials.Zip(rounds).Where(pair => pair.First.Size == 1 || pair.First.Size == size).Select(pair =>
                {
                    var (label, isShared) = (pair.First.Contestant.Label, pair.First.Contestant.IsShared);
                    var figures = Figures.Median([.. pair.Second.Select(pick)]);
                    return pair.First.Size == 1 ? ($"{label}{Target.BesideOne}", false, figures) : (label, isShared, figures);
                });
                bench.Report(name, Unit.DeliveriesPerSecond, rows);
            }
        }
    }

    /// <summary>One contestant's traffic beside so many.</summary>
    private sealed record GrowthTrial(Contestant Contestant, int Size, Func<(Figures Saturated, Figures Steady)> Run);
}

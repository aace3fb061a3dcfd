using System.Globalization;
using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Storages;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>The same clients at one, two and three hosts, of which each has a share of a core, so that it is the hosts that are
/// measured.</summary>
internal sealed class HostScale : Workload
{
    /// <summary>The row to which the others are held.</summary>
    public const string One = "1 host";

    private const int Writers = 6, InFlight = 64, ItemBytes = 100;

    // Measured: with it the hosts are what limits where there is one, and the storage is far from it.
    private const double Share = 0.2;

    public override string Name => "hosts/scale";

    public override bool OnlyByName => true;

    public override void Run(Bench bench)
    {
        foreach (var kind in new[] { StorageKind.Redis, StorageKind.MySql })
        {
            foreach (var (name, rooms, followers) in new[] { ("disjoint", Writers, 120), ("shared", 1, 120), ("ingest", Writers, 0) })
            {
                var cell = $"{Name}/{kind.Name}/{name}";
                if (!bench.Wants(cell) || bench.LeavesOut(cell, kind.Missing ?? CpuShare.Missing)) continue;
                Bench.NeedDisk(cell);
                Run(bench, cell, kind, rooms, followers);
            }
        }
    }

    /// <param name="bench">Who measures.</param>
    /// <param name="cell">What is measured.</param>
    /// <param name="kind">On what.</param>
    /// <param name="rooms">Into how many collections the writers write.</param>
    /// <param name="followers">How many clients follow, all collections together.</param>
    private static void Run(Bench bench, string cell, StorageKind kind, int rooms, int followers)
    {
        using var storage = kind.Start();
        var fleets = new List<Fleet>();
        try
        {
            foreach (var hosts in new[] { 1, 2, 3 })
                Bench.Guarded(cell, Label(hosts), () => fleets.Add(Build(bench, storage, hosts, rooms, followers)));
            var rounds = Bench.Turns(
                cell, bench.Rounds,
                [.. fleets.Select(fleet => new Entrant<FleetFigures>(Label(fleet.Hosts.Count), () => Once(bench, fleet)))]);
            var rates = fleets.ConvertAll(fleet => fleet.Rates(new Window(InFlight), bench.Window));
            fleets.ForEach(fleet => fleet.Allow(null));
            fleets.ForEach(fleet => Bench.Guarded(cell, Label(fleet.Hosts.Count), fleet.CheckState));
            Report(bench, cell, Array.ConvertAll(rounds, its => its), rates);
        }
        finally
        {
            fleets.ForEach(fleet => fleet.Dispose());
        }
    }

    private static Fleet Build(Bench bench, Storage storage, int hosts, int rooms, int followers)
    {
        var fleet = new Fleet(bench.Loop, bench.Shared[0], storage, $"items{hosts}", hosts, shared: true);
        var stage = fleet.Stage;
        for (var index = 0; index < rooms; index++)
        {
            var room = stage.AddRoom($"r{index}", Writers / rooms);
            // A collection's clients are at one host if there is a collection for each writer, and at all if there is one for all.
            var its = rooms == 1 ? fleet.Hosts : [fleet.Hosts[index % hosts]];
            var perHost = followers / rooms / its.Count;
            if (perHost > 0) foreach (var host in its) stage.Follow(room, stage.Connect(perHost, host));
            for (var writer = 0; writer < Writers / rooms; writer++)
                stage.AddWriter(stage.Connect(1, its[writer % its.Count])[0], room, new(ItemBytes));
        }
        fleet.Run(new Window(InFlight), bench.WarmUp * hosts / 2, bench.Window);
        fleet.Allow(Share);
        return fleet;
    }

    private static FleetFigures Once(Bench bench, Fleet fleet) => fleet.Run(new Window(InFlight), bench.Window / 2, bench.Window * 3);

    private static void Report(Bench bench, string cell, List<FleetFigures>[] rounds, List<StorageRates> rates)
    {
        var medians = Array.ConvertAll(rounds, FleetFigures.Median);
        var notes = new List<string>
        {
            string.Create(CultureInfo.InvariantCulture, $"each host has {Share:P0} of a core; used of a core:"),
        };
        for (var index = 0; index < rounds.Length; index++)
        {
            var ratios = rounds[index]
                .Zip(rounds[0], (its, one) => (its.Updates / one.Updates).ToString("F2", CultureInfo.InvariantCulture));
            notes.Add($"{Label(medians[index].Hosts.Count)}: {FleetNote.Of(medians[index])}; ratios by round {string.Join(", ", ratios)}");
            notes.Add($"    storage {rates[index]}");
        }
        bench.Report(
            cell, Unit.UpdatesPerSecond, medians.Select(median => (Label(median.Hosts.Count), median.Hosts.Count > 1, Row(median))), notes);
    }

    private static Figures Row(FleetFigures median) => new()
    {
        Value = median.Updates,
        Processor = median.Hosts.Sum() * 1e6 / median.Updates,
        Busy = median.Load,
        Merged = median.Merged,
    };

    private static string Label(int hosts) => hosts == 1 ? One : string.Create(CultureInfo.InvariantCulture, $"{hosts} hosts");
}

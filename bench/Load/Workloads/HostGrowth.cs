using System.Globalization;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Storages;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>What more and more hosts cost the storage: at rest, where they have other collections than the one that changes, and where they
/// all have it.</summary>
internal sealed class HostGrowth : Workload
{
    private const int ItemBytes = 100, Rate = 100; // updates a second, where there are any

    private static readonly int[] Sizes = [1, 4, 16];

    public override string Name => "hosts/growth";

    public override bool OnlyByName => true;

    public override void Run(Bench bench)
    {
        foreach (var kind in new[] { StorageKind.Redis, StorageKind.MySql, StorageKind.MySqlWithWakeup })
        {
            foreach (var traffic in Enum.GetValues<HostTraffic>())
            {
                var cell = $"{Name}/{kind.Name}/{traffic.ToString().ToLowerInvariant()}";
                if (!bench.Wants(cell) || bench.LeavesOut(cell, kind.Missing)) continue;
                Bench.NeedDisk(cell);
                Run(bench, cell, kind, traffic);
            }
        }
    }

    private static void Run(Bench bench, string cell, StorageKind kind, HostTraffic traffic)
    {
        using var storage = kind.Start();
        var rows = new List<(string, bool, Figures)>();
        var notes = new List<string>();
        foreach (var size in Sizes)
        {
            var label = size == 1 ? HostScale.One : string.Create(CultureInfo.InvariantCulture, $"{size} hosts");
            Bench.Guarded(cell, label, () =>
            {
                using var fleet = new Fleet(bench.Loop, bench.Shared[0], storage, $"items{size}", size);
                Build(fleet, traffic);
                Pace Pace() => traffic == HostTraffic.Rest ? new Silent() : new Steady(Rate);
                fleet.Run(Pace(), bench.WarmUp, bench.Window);
                var median = FleetFigures.Median(
                    [.. Enumerable.Range(0, bench.Rounds).Select(_ => fleet.Run(Pace(), bench.Window / 2, bench.Window * 2))]);
                notes.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{label}: each host uses {median.Hosts.Average():P1} of a core, the load {median.Load:P0}; storage "
                        + $"{fleet.Rates(Pace(), bench.Window * 2)}"));
                if (traffic != HostTraffic.Rest) fleet.CheckState();
                rows.Add((label, true, new() { Value = median.Storage, Busy = median.Load, Merged = median.Merged }));
            });
        }
        bench.Report(cell, Unit.PercentOfCore, rows, notes);
    }

    /// <summary>The first room is written to at the first host.</summary>
    private static void Build(Fleet fleet, HostTraffic traffic)
    {
        var stage = fleet.Stage;
        var room = stage.AddRoom("r0", writers: 1);
        for (var index = 0; index < fleet.Hosts.Count; index++)
        {
            var its = index == 0 || traffic == HostTraffic.Everywhere ? room : stage.AddRoom($"own{index}", writers: 0);
            stage.Follow(its, stage.Connect(1, fleet.Hosts[index]));
        }
        stage.AddWriter(stage.Connect(1)[0], room, new(ItemBytes));
    }

    /// <summary>What the storage has to do for the hosts.</summary>
    private enum HostTraffic
    {
        /// <summary>Nobody writes.</summary>
        Rest,

        /// <summary>One host's clients write to a collection that no other host has.</summary>
        Elsewhere,

        /// <summary>They write to a collection that all hosts have.</summary>
        Everywhere,
    }

    /// <summary>Nobody sends anything.</summary>
    private sealed class Silent : Pace;
}

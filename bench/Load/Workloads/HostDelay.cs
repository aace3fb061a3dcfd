using System.Globalization;
using SharedState.Bench.Load.Checks;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Storages;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Workloads;

/// <summary>How long an update takes to those who follow it at another host, beside those who follow it where it is written.</summary>
internal sealed class HostDelay : Workload
{
    /// <summary>The row of what the other hosts' clients may wait at most.</summary>
    public const string Allowed = "allowed";

    private const int Hosts = 3, FollowersPerHost = 10, ItemBytes = 100, InFlight = 16;
    private const double TimesOfSameHost = 3, Allowance = 10_000, PollInterval = 50_000; // microseconds

    private static readonly (StorageKind Kind, double Extra)[] Storages =
    [
        (StorageKind.Redis, 0), (StorageKind.RedisEverySecond, 0), (StorageKind.MySql, PollInterval), (StorageKind.MySqlWithWakeup, 0),
    ];

    public override string Name => "hosts/delay";

    public override bool OnlyByName => true;

    public override void Run(Bench bench)
    {
        foreach (var (kind, extra) in Storages)
        {
            var group = $"{Name}/{kind.Name}";
            if (!bench.Wants(group) || bench.LeavesOut(group, kind.Missing)) continue;
            Bench.NeedDisk(group);
            Bench.Guarded(group, bench.Shared[0].Label, () => Run(bench, group, kind, extra));
        }
    }

    private static void Run(Bench bench, string group, StorageKind kind, double extra)
    {
        using var storage = kind.Start();
        using var fleet = new Fleet(bench.Loop, bench.Shared[0], storage, "items", Hosts);
        var stage = fleet.Stage;
        var room = stage.AddRoom("r0", writers: 1);
        foreach (var host in fleet.Hosts) stage.Follow(room, stage.Connect(FollowersPerHost, host));
        stage.AddWriter(stage.Connect(1)[0], room, new(ItemBytes));
        fleet.Run(new Window(InFlight), bench.WarmUp * Hosts, bench.Window); // they compile their code one after the other, on one core
        foreach (var rate in new[] { 5, 20, 100, 500 })
        {
            var cell = string.Create(CultureInfo.InvariantCulture, $"{group}/{rate}");
            if (bench.Wants(cell)) Measure(bench, cell, fleet, room, rate, extra);
        }
        fleet.CheckState();
    }

    private static void Measure(Bench bench, string cell, Fleet fleet, Room room, double rate, double extra)
    {
        var (same, other) = (new Latencies(), new Latencies());
        var rounds = new List<(FleetFigures Figures, Latencies Same, Latencies Other)>();
        for (var round = 0; round < bench.Rounds; round++)
        {
            var (here, there) = (new Latencies(), new Latencies());
            void Begin()
            {
                for (var index = 0; index < room.Subscribers.Count; index++)
                    room.Subscribers[index].Latencies = index < FollowersPerHost ? here : there;
            }
            var figures = fleet.Run(new Steady(rate), bench.Window, bench.Window * 8, Begin);
            room.Subscribers.ForEach(subscriber => subscriber.Latencies = null);
            rounds.Add((figures, here, there));
            same.Add(here);
            other.Add(there);
        }
        var median = FleetFigures.Median([.. rounds.Select(round => round.Figures)]);
        var allowed = new Figures { Value = double.NaN, Late = TimesOfSameHost * same.Percentile(99) + Allowance + extra };
        bench.Report(
            cell,
            Unit.NinetyOfHundred,
            [("same host", false, Row(same, median)), (Allowed, false, allowed), ("other host", true, Row(other, median))],
            [
                Invariant($"p99 by round, ms: same host {Late(rounds, its => its.Same)}; other host {Late(rounds, its => its.Other)}"),
                $"used of a core: {FleetNote.Of(median)}",
                .. Buckets.Lines(("same host", same), ("other host", other)),
            ]);

        static Figures Row(Latencies latencies, FleetFigures median) => new()
        {
            Value = latencies.Percentile(90),
            Middle = latencies.Percentile(50),
            Late = latencies.Percentile(99),
            Longest = latencies.Longest,
            Busy = median.Load,
            Merged = median.Merged,
        };
    }

    private static string Late(
        IEnumerable<(FleetFigures, Latencies Same, Latencies Other)> rounds,
        Func<(FleetFigures, Latencies Same, Latencies Other), Latencies> pick
    ) => string.Join(", ", rounds.Select(round => Invariant($"{pick(round).Percentile(99) / 1e3:F2}")));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Native;
using SharedState.Bench.Load.Storages;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Trials;

/// <summary>Several hosts that are one server, since they keep their items in the same place.</summary>
internal sealed class Fleet : IDisposable
{
    private readonly Contestant _contestant;
    private readonly string _service;
    private readonly List<CpuShare> _shares = [];

    /// <param name="loop">Serves the clients.</param>
    /// <param name="contestant">The Shared State of which there are several.</param>
    /// <param name="storage">Where the items are.</param>
    /// <param name="table">What this fleet calls its own there.</param>
    /// <param name="hosts">How many.</param>
    /// <param name="shared">Whether they can be <see cref="Allow"/>ed a share of a core.</param>
    public Fleet(Loop loop, Contestant contestant, Storage storage, string table, int hosts, bool shared = false)
    {
        (_contestant, Storage, _service) = (contestant, storage, storage.Service(table));
        try
        {
            if (shared) _shares.AddRange(Enumerable.Range(0, hosts).Select(_ => new CpuShare()));
            Stage = new(loop, Enumerable.Range(0, hosts).Select(host => Setup(shared ? _shares[host].Launcher : [])));
        }
        catch
        {
            _shares.ForEach(share => share.Dispose());
            throw;
        }
    }

    public Stage Stage { get; }

    public Storage Storage { get; }

    public IReadOnlyList<ServerProcess> Hosts => Stage.Servers;

    /// <summary>Gives each host so much of a core; null for all that there is.</summary>
    public void Allow(double? share) => _shares.ForEach(its => its.Allow(share));

    /// <summary>Runs traffic: a while to get going, then the window that is measured, then everything comes to its end and is
    /// checked.</summary>
    /// <param name="pace">When updates are sent.</param>
    /// <param name="warmUp">Seconds before the window.</param>
    /// <param name="seconds">The window.</param>
    /// <param name="begin">Called when the window begins.</param>
    public FleetFigures Run(Pace pace, double warmUp, double seconds, Action? begin = null)
    {
        pace.Begin(Stage);
        Traffic.Serve(Stage, pace, warmUp);
        begin?.Invoke();
        var before = Look();
        Traffic.Serve(Stage, pace, seconds);
        var after = Look();
        Stage.Drain();
        return FleetFigures.Between(before, after);
    }

    /// <summary>Counts at the storage for some seconds, which takes the load's time and so is no part of another measurement.</summary>
    public StorageRates Rates(Pace pace, double seconds)
    {
        pace.Begin(Stage);
        var (before, begin, acknowledged) = (Storage.Counts(), Clock.Now, Stage.Acknowledged);
        Traffic.Serve(Stage, pace, seconds);
        var (time, updates) = (Clock.Now - begin, Stage.Acknowledged - acknowledged);
        var after = Storage.Counts();
        Stage.Drain();
        return new(before, after, time / 1e9, updates);
    }

    /// <summary>Checks that all hosts that have the rooms, and one that starts now, show the same state.</summary>
    public void CheckState()
    {
        using var newcomer = new ServerProcess(Setup([]));
        foreach (var room in Stage.Rooms) FinalState.Check(Stage, room, [.. Hosts, newcomer]);
    }

    public void Dispose()
    {
        Stage.Dispose();
        _shares.ForEach(share => share.Dispose());
    }

    /// <summary>Hosts with a share of a core have it on the first one. Others may use all, so that they stand in each other's way as little
    /// as there are cores for.</summary>
    private Setup Setup(IReadOnlyList<string> launcher) => new(_contestant)
    {
        Service = _service,
        Cores = _shares.Count > 0 ? "0" : OwnProcess.AllCores,
        Launcher = [.. OwnProcess.Tied, .. launcher],
    };

    private FleetLook Look() =>
        new(
            Clock.Now, Clock.ThreadTime, Storage.ProcessorTime, [.. Hosts.Select(host => host.ProcessorTime)], Stage.Acknowledged,
            Stage.Covered - Stage.Deliveries);
}

/// <summary>What was counted until a moment, all times in nanoseconds.</summary>
internal sealed record FleetLook(long Time, long Load, long Storage, long[] Hosts, long Updates, long Merged);

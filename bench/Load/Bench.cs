using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load;

/// <summary>What all workloads share: who takes part, how long is measured, and where the figures go.</summary>
internal sealed class Bench(CommandLine command, Loop loop, Table table)
{
    private readonly HashSet<string> _known = []; // of what was asked for
    private readonly Contestant _a = Contestant.A(command.Ceilings), _hub = Contestant.Hub(command.Ceilings);

    public Loop Loop => loop;

    /// <summary>The folder of the ceilings.</summary>
    public string Ceilings => command.Ceilings;

    public bool Quick => command.Quick;

    public int Rounds => command.Rounds;

    /// <summary>How long a round of traffic is measured, in seconds.</summary>
    public double Window => command.Quick ? 0.5 : 1;

    /// <summary>How long a server of downloads, a fleet of hosts or a storage is used before the first measurement, in seconds.</summary>
    public double WarmUp => command.Quick ? 2 : 5;

    /// <summary>How long a stage's traffic runs at most before it is measured first, in seconds. On one core under full load, the runtime
    /// takes 12 to 25 s until it has compiled a server's hot code for good.</summary>
    public double LongestWarmUp => command.Quick ? 2 : 60;

    /// <summary>The Shared State of this source tree, and others that were named.</summary>
    public IReadOnlyList<Contestant> Shared { get; } = [.. command.Hosts.Select(host => Contestant.Shared(host.Label, host.Folder))];

    public Contestant B { get; } = Contestant.B(command.Ceilings);

    /// <summary>Who takes part in most: b, a, and Shared State.</summary>
    public IReadOnlyList<Contestant> Usual => [B, _a, .. Shared];

    /// <summary>The usual ones and SignalR.</summary>
    public IReadOnlyList<Contestant> WithHub => [B, _a, _hub, .. Shared];

    /// <summary>Whether a cell, or any below it, was asked for.</summary>
    /// <param name="cell">Its name, or the beginning of several.</param>
    /// <param name="byName">Whether to ask for nothing in particular does not ask for it.</param>
    public bool Wants(string cell, bool byName = false)
    {
        _known.UnionWith(command.Cells.Where(wanted => Begins(cell, wanted)));
        return command.Cells.Count == 0 ? !byName : command.Cells.Any(wanted => Begins(cell, wanted) || Begins(wanted, cell));
    }

    /// <summary>What was asked for and is no cell of the workloads that ran.</summary>
    public IReadOnlyList<string> Unknown => [.. command.Cells.Except(_known)];

    /// <summary>Starts a server for each contestant, lets them be measured, and ends them.</summary>
    public void With(string group, IEnumerable<Contestant> contestants, Action<Stage> build, Action<IReadOnlyList<Stage>> measure) =>
        With(group, contestants.Select(contestant => new Setup(contestant)), build, measure);

    /// <summary>The same for servers that are not all set up as usual.</summary>
    public void With(string group, IEnumerable<Setup> setups, Action<Stage> build, Action<IReadOnlyList<Stage>> measure)
    {
        var stages = new List<Stage>();
        try
        {
            foreach (var setup in setups)
            {
                stages.Add(new(loop, setup));
                Guarded(group, setup.Contestant.Label, () => build(stages[^1]));
            }
            measure(stages);
        }
        finally
        {
            stages.ForEach(stage => stage.Dispose());
        }
    }

    /// <summary>Measures stages in turns, round by round, so that what the machine does besides meets all alike; the medians become a
    /// cell.</summary>
    public IReadOnlyList<Figures> Measure(string cell, Unit unit, IReadOnlyList<Stage> stages, Func<Stage, Figures> run)
    {
        var medians = Array.ConvertAll(Turns(cell, Rounds, [.. stages.Select(stage => Entrant.Of(stage, run))]), Figures.Median);
        Report(cell, unit, stages.Select((stage, index) => (stage.Contestant, medians[index])));
        return medians;
    }

    /// <summary>Lets all be measured in turns, round by round; returns the rounds of each.</summary>
    public static List<T>[] Turns<T>(string cell, int count, IReadOnlyList<Entrant<T>> entrants)
    {
        var rounds = entrants.Select(_ => new List<T>()).ToArray();
        for (var round = 0; round < count; round++)
        {
            foreach (var (entrant, its) in entrants.Zip(rounds)) Guarded(cell, entrant.Label, () => its.Add(entrant.Run()));
        }
        return rounds;
    }

    public void Report(string cell, Unit unit, IEnumerable<(Contestant Contestant, Figures Figures)> rows) =>
        Report(cell, unit, rows.Select(row => (row.Contestant.Label, row.Contestant.IsShared, row.Figures)));

    /// <summary>A cell of which some rows are no contestants, but what Shared State is held against; with what else there is to say below
    /// them.</summary>
    public void Report(
        string cell, Unit unit, IEnumerable<(string Label, bool IsShared, Figures Figures)> rows, params IEnumerable<string> notes)
    {
        var finished = new Cell(cell, unit);
        finished.Rows.AddRange(rows);
        finished.Notes.AddRange(notes);
        table.Add(finished);
    }

    /// <summary>Says of a cell that it is not measured, if anything is missing for it.</summary>
    public bool LeavesOut(string cell, string? missing)
    {
        if (missing is not null) table.LeaveOut(cell, missing);
        return missing is not null;
    }

    /// <summary>A storage's figures on a file system in memory would be no storage's.</summary>
    public static void NeedDisk(string cell)
    {
        var place = Path.GetTempPath();
        if (new DriveInfo(place).DriveFormat == "tmpfs")
            throw new Violation($"{cell} needs a disk, and {place} is in memory: let TMPDIR name another folder");
    }

    /// <summary>Says of a violation where it was.</summary>
    public static void Guarded(string cell, string label, Action run)
    {
        try
        {
            run();
        }
        catch (Exception exception) when (exception is Violation or IOException)
        {
            throw new Violation($"{cell}, {label}: {exception.Message}");
        }
    }

    private static bool Begins(string cell, string with) => (cell + "/").StartsWith(with + "/", StringComparison.Ordinal);
}

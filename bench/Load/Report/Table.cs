using System.Globalization;
using System.Text;
using SharedState.Bench.Load.Trials;
using SharedState.Bench.Load.Workloads;

namespace SharedState.Bench.Load.Report;

/// <summary>Prints the cells as they are finished: a line for each who took part, with ratios and targets beside Shared State's.</summary>
internal sealed class Table(TextWriter output, IReadOnlyList<Target> targets)
{
    private const double TooBusy = 0.9; // above it the load generator may be what is measured
    private static readonly CompositeFormat Layout = CompositeFormat.Parse(
        "{0,-38} {1,-14} {2,24} {3,8} {4,9} {5,9} {6,9} {7,5} {8,7}  {9}");
    private static readonly string[] References = ["b", "a", "signalr", "disk", "sqlite", "empty", HostScale.One];

    private bool _begun;
    private int _reached, _missed, _tooBusy, _leftOut;

    public void Add(Cell cell)
    {
        Begin();
        foreach (var (label, isShared, figures) in cell.Rows)
        {
            var busy = figures.Busy > TooBusy;
            if (busy) _tooBusy++;
            Write(
                label == cell.Rows[0].Label ? cell.Name : "",
                label,
                double.IsNaN(figures.Value) ? "" : cell.Unit.Write(figures.Value),
                Number(figures.Processor, 3),
                Number(figures.Middle, 0),
                Number(figures.Late, 0),
                Number(figures.Longest, 0),
                Number(figures.Busy, 2) + (busy ? "!" : ""),
                figures.Merged == 0 ? "" : Number(figures.Merged, 0),
                isShared ? $"{Ratios(cell, figures)}; {Judge(cell, label, figures)}".Trim(' ', ';') : "");
        }
        foreach (var note in cell.Notes) output.WriteLine($"    {note}");
    }

    /// <summary>Says that a cell was not measured, and why.</summary>
    public void LeaveOut(string cell, string why)
    {
        Begin();
        _leftOut++;
        output.WriteLine($"{cell} is left out: {why}");
    }

    public void Finish()
    {
        output.WriteLine();
        output.WriteLine($"{_reached} targets reached, {_missed} not reached{(_leftOut == 0 ? "" : $", {_leftOut} cells left out")}");
        if (_tooBusy == 0) return;
        output.WriteLine(
            $"! marks {_tooBusy} rows in which the load generator was at work for more than {TooBusy:P0} of the time: they do not count");
    }

    private void Begin()
    {
        if (!_begun) Write("cell", "who", "median", "cpu s/M", "p50 us", "p99 us", "longest", "busy", "merged", "ratios; targets");
        _begun = true;
    }

    private static string Ratios(Cell cell, Figures own)
    {
        var ratios = References
            .Where(label => cell.Find(label) is not null)
            .Select(label => $"{Number(own.Value / cell.Find(label)!.Value.Value, 2)} {label}");
        return string.Join(", ", ratios);
    }

    private string Judge(Cell cell, string label, Figures own)
    {
        var verdicts = new List<string>();
        foreach (var target in targets.Where(target => target.IsAbout(cell.Name)))
        {
            if (target.Ratio(cell, label, own) is not { } ratio) continue;
            var reached = target.IsReached(ratio);
            if (reached) _reached++;
            else _missed++;
            var shown = target is { Measure: Measure.Value, Of: not Target.BesideOne }; // among the ratios
            verdicts.Add($"{target}{(shown ? "" : " " + Number(ratio, target.Of is null ? 0 : 2))} {(reached ? "yes" : "NO")}");
        }
        return string.Join(", ", verdicts);
    }

    private void Write(params object[] columns) => output.WriteLine(string.Format(CultureInfo.InvariantCulture, Layout, columns).TrimEnd());

    private static string Number(double? number, int decimals) => number?.ToString("F" + decimals, CultureInfo.InvariantCulture) ?? "";
}

using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Report;

/// <summary>One thing that was measured, of all who took part.</summary>
/// <param name="Name">Its workload and what is special about it, with slashes between.</param>
/// <param name="Unit">What the value is.</param>
internal sealed record Cell(string Name, Unit Unit)
{
    public List<(string Label, bool IsShared, Figures Figures)> Rows { get; } = [];

    /// <summary>Lines that stand below the rows.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>A row's figures; null if nobody of that name took part.</summary>
    public Figures? Find(string label) => Rows.Where(row => row.Label == label).Select(row => (Figures?)row.Figures).FirstOrDefault();
}

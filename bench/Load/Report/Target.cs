using System.Globalization;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Report;

/// <summary>What Shared State should reach in some cells, as a ratio to another row of the same cell.</summary>
/// <param name="Cells">The cells' names, in which * stands for any text.</param>
/// <param name="Of">To which row: a contestant's or a reference's; <see cref="BesideOne"/> is its own of that kind; with null the bound is
/// no ratio.</param>
/// <param name="Bound">The ratio to be reached, or not to be exceeded.</param>
/// <param name="AtMost">Whether less is better.</param>
/// <param name="Measure">What is compared.</param>
internal sealed record Target(string Cells, string? Of, double Bound, bool AtMost = false, Measure Measure = Measure.Value)
{
    /// <summary>What is behind a contestant's name in the row of its figures without growth.</summary>
    public const string BesideOne = ", beside 1";

    public bool IsAbout(string cell) => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(Cells, cell);

    /// <summary>A row's figure, as a ratio if the target is one; null where there is nothing to compare.</summary>
    public double? Ratio(Cell cell, string label, Figures own)
    {
        var reference = Of is null ? 1 : cell.Find(Of == BesideOne ? label + Of : Of)?.Of(Measure);
        return own.Of(Measure) / reference;
    }

    public bool IsReached(double ratio) => AtMost ? ratio <= Bound : ratio >= Bound;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Name}{(AtMost ? "<=" : ">=")}{Bound} {(Of == BesideOne ? "own" : Of ?? "us")}");

    private string Name => Measure switch
    {
        Measure.Middle => "p50",
        Measure.Late => "p99",
        Measure.Longest => "longest",
        _ => "",
    };
}

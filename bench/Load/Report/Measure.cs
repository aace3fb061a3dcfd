using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Report;

/// <summary>Which of a cell's figures a target is about.</summary>
internal enum Measure
{
    Value,
    Middle,
    Late,
    Longest,
}

/// <summary>Reads figures by name.</summary>
internal static class Measures
{
    public static double? Of(this Figures figures, Measure measure) => measure switch
    {
        Measure.Middle => figures.Middle,
        Measure.Late => figures.Late,
        Measure.Longest => figures.Longest,
        _ => figures.Value,
    };
}

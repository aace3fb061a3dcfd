namespace SharedState.Bench.Load.Trials;

/// <summary>Who is measured once in each round, and how.</summary>
internal sealed record Entrant<T>(string Label, Func<T> Run);

/// <summary>Makes entrants of stages.</summary>
internal static class Entrant
{
    public static Entrant<T> Of<T>(Stage stage, Func<Stage, T> run) => new(stage.Contestant.Label, () => run(stage));
}

namespace SharedState.Host.PluginTest;

/// <summary>What came of a promise.</summary>
/// <param name="Part">The part of the report.</param>
/// <param name="Promise">The promise, as a sentence.</param>
/// <param name="Outcome"><c>kept</c>, <c>broken</c> or <c>left_out</c>.</param>
/// <param name="Seconds">How long its test took.</param>
internal sealed record Verdict(string Part, string Promise, string Outcome, double Seconds)
{
    /// <summary>What the test of a broken promise found.</summary>
    public string? Found { get; init; }

    /// <summary>Advice for a plugin that breaks the promise.</summary>
    public string? Fix { get; init; }

    /// <summary>Why the promise was left out.</summary>
    public string? Why { get; init; }
}

namespace SharedState.Bench.Load;

/// <summary>A contestant did not do what it is measured at; there is no figure then, and the run ends with this sentence.</summary>
internal sealed class Violation(string sentence) : Exception(sentence);

namespace SharedState.Host.PluginTest;

/// <summary>A promise about faults, with its test on an empty storage.</summary>
/// <param name="Sentence">The promise.</param>
/// <param name="Fix">Advice for a plugin that breaks the promise.</param>
/// <param name="RunAsync">The test; throws if the promise is broken.</param>
internal sealed record FaultTest(string Sentence, string Fix, Func<TestedPlugin, Storage, Task> RunAsync);

namespace SharedState.Host.PluginTest;

/// <summary>A promise about faults, and how it is tested on an empty storage.</summary>
/// <param name="Sentence">The promise.</param>
/// <param name="Fix">What keeps it, as advice to who breaks it.</param>
/// <param name="RunAsync">Throws if it is broken.</param>
internal sealed record FaultTest(string Sentence, string Fix, Func<TestedPlugin, Storage, Task> RunAsync);

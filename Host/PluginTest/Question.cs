namespace SharedState.Host.PluginTest;

/// <summary>A promise that the worker can test.</summary>
/// <param name="Part">The part of the report.</param>
/// <param name="Name">The question for the worker.</param>
/// <param name="Sentence">The promise.</param>
/// <param name="Fix">Advice for a plugin that breaks the promise.</param>
/// <param name="LeftOut">The reason why it is not tested for this plugin; null: it is tested.</param>
internal sealed record Question(string Part, string Name, string Sentence, string Fix, string? LeftOut);

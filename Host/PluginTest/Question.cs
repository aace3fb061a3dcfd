namespace SharedState.Host.PluginTest;

/// <summary>One promise that the worker can test, by its name.</summary>
/// <param name="Part">The part of the report in which it stands.</param>
/// <param name="Name">What to ask the worker for.</param>
/// <param name="Sentence">The promise.</param>
/// <param name="Fix">What keeps it.</param>
/// <param name="LeftOut">Why it means nothing for this plugin; null: it is tested.</param>
internal sealed record Question(string Part, string Name, string Sentence, string Fix, string? LeftOut);

namespace SharedState.Host.Changes;

/// <summary>The state of the configuration at one look. Two looks are equal if nothing changed between them.</summary>
/// <param name="File">A hash of the file and of the files that it refers to.</param>
/// <param name="Plugins">A hash of the plugin folders.</param>
internal sealed record Sight(string File, string Plugins);

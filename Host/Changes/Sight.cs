namespace SharedState.Host.Changes;

/// <summary>What a look at the configuration showed; two looks are equal as long as nothing was changed between them.</summary>
/// <param name="File">The content of the file, and of those that it refers to.</param>
/// <param name="Plugins">What is in the plugin folders.</param>
internal sealed record Sight(string File, string Plugins);

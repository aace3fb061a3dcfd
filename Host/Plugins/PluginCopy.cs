namespace SharedState.Host.Plugins;

/// <summary>A plugin's files, in the place from which they are loaded.</summary>
/// <param name="Folder">The folder, absolute.</param>
/// <param name="Hash">SHA-256 of the names and contents of the files, as <see cref="PluginCache.Hash"/> computes it.</param>
/// <param name="InPlace">Whether this is the plugin's own folder, because no copy could be made.</param>
internal sealed record PluginCopy(string Folder, string Hash, bool InPlace = false);

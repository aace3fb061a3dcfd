namespace SharedState.Host.Listing;

/// <summary>A plugin that a host has loaded. It was loaded from a copy, so its folder may have other content now.</summary>
/// <param name="Folder">The folder from which it was copied.</param>
/// <param name="Name">The name at that time.</param>
/// <param name="Version">The version at that time.</param>
/// <param name="ContentHash">The SHA-256 of the loaded content.</param>
/// <param name="Swaps">The number of replacements since the host started.</param>
/// <param name="BytesLeft">The size of the loaded files of replaced versions; null if unknown.</param>
internal sealed record LoadedPlugin(string Folder, string Name, string Version, string ContentHash, int Swaps, long? BytesLeft);

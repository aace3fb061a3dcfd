namespace SharedState.Host.Listing;

/// <summary>A plugin that a host has loaded: from a copy, so it may be another one than what is in the folder by now.</summary>
/// <param name="Folder">Where it was installed when it was loaded.</param>
/// <param name="Name">Its name as it was then; so is <paramref name="Version"/>.</param>
/// <param name="Version">See there.</param>
/// <param name="ContentHash">SHA-256 of what was loaded.</param>
/// <param name="Swaps">How often a newer one took its folder's place since the host started.</param>
/// <param name="BytesLeft">What those before it hold of the process's memory for good; null if it is not known.</param>
internal sealed record LoadedPlugin(string Folder, string Name, string Version, string ContentHash, int Swaps, long? BytesLeft);

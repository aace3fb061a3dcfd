namespace SharedState.Host.Changes;

/// <summary>The swaps of one plugin.</summary>
/// <param name="Swaps">The number of swaps.</param>
/// <param name="Versions">The number of loaded versions.</param>
/// <param name="LeftBytes">The size of the loaded files of versions that no service uses.</param>
internal sealed record SwapCount(int Swaps, int Versions, long LeftBytes);

namespace SharedState.Host.Changes;

/// <summary>One plugin's swaps.</summary>
/// <param name="Swaps">How many.</param>
/// <param name="Versions">How many versions of it are loaded.</param>
/// <param name="LeftBytes">The sizes of the files that are loaded for versions which no service uses.</param>
internal sealed record SwapCount(int Swaps, int Versions, long LeftBytes);

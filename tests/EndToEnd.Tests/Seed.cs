namespace SharedState.EndToEnd.Tests;

/// <summary>What random runs begin with: SHAREDSTATE_SEED repeats one.</summary>
internal static class Seed
{
    public static int Next() => int.TryParse(Environment.GetEnvironmentVariable("SHAREDSTATE_SEED"), out var seed) ? seed : Random.Shared.Next();
}

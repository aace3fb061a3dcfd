using SharedState.Host.Tests.Engine;

namespace SharedState.EndToEnd.Tests;

/// <summary>What random runs begin with: SHAREDSTATE_SEED repeats one.</summary>
internal static class Seed
{
    public static int Next() => Setting.Number("SHAREDSTATE_SEED") ?? Random.Shared.Next();
}

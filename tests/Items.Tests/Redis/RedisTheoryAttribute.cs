namespace SharedState.Items.Tests;

/// <summary>A test with several cases that needs Redis; skipped, and says so, where it is not installed.</summary>
public sealed class RedisTheoryAttribute : Xunit.SkippableTheoryAttribute
{
    public RedisTheoryAttribute() => Skip = RedisServer.Missing;
}

namespace SharedState.Items.Tests;

/// <summary>A test that needs Redis; skipped, and says so, where it is not installed.</summary>
public sealed class RedisFactAttribute : Xunit.FactAttribute
{
    public RedisFactAttribute() => Skip = RedisServer.Missing;
}

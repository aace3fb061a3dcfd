namespace SharedState.Items.Tests.MySql;

/// <summary>A test that needs MariaDB and Redis; skipped, and says so, where one is not installed.</summary>
public sealed class WakeupFactAttribute : Xunit.FactAttribute
{
    public WakeupFactAttribute() => Skip = MariaDbServer.Missing ?? RedisServer.Missing;
}

namespace SharedState.Items.Tests.MySql;

/// <summary>A test that needs MariaDB; skipped, and says so, where it is not installed.</summary>
public sealed class MariaDbFactAttribute : Xunit.FactAttribute
{
    public MariaDbFactAttribute() => Skip = MariaDbServer.Missing;
}

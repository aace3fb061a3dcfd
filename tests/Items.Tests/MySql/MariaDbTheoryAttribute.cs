namespace SharedState.Items.Tests.MySql;

/// <summary>A test with several cases that needs MariaDB; skipped, and says so, where it is not installed.</summary>
public sealed class MariaDbTheoryAttribute : Xunit.TheoryAttribute
{
    public MariaDbTheoryAttribute() => Skip = MariaDbServer.Missing;
}

namespace SharedState.Items.Tests.MySql;

/// <summary>A test with several cases that needs MariaDB; skipped, and says so, where it is not installed.</summary>
public sealed class MariaDbTheoryAttribute : Xunit.SkippableTheoryAttribute
{
    public MariaDbTheoryAttribute() => Skip = MariaDbServer.Missing;
}

using Items.Postgres.Tests;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A test that needs PostgreSQL; skipped, and says so, where it is not installed.</summary>
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresPrograms.Missing;
}

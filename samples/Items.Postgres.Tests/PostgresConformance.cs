using SharedState;
using SharedState.Items.Conformance;
using SharedState.Items.Tests;

namespace Items.Postgres.Tests;

/// <summary>The storage contract, on a real server: each test in a schema of its own.</summary>
[Collection(nameof(SharedServerTests))]
public sealed class PostgresConformance(SharedServer shared) : ItemFeedConformance
{
    private readonly string _schema = $"t{Guid.NewGuid():N}";

    protected override IReadOnlyDictionary<string, string> Config => shared.Server.Config(_schema);

    protected override IReadOnlyDictionary<string, string> OtherConfig => shared.Server.Config(_schema + "_other");

    protected override bool IsDurable => true;

    protected override bool RemembersRemovals => true;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await shared.Server.ExecuteAsync($"DROP SCHEMA IF EXISTS {_schema} CASCADE; DROP SCHEMA IF EXISTS {_schema}_other CASCADE");
    }

    protected override HeldCommit NewHeldCommit() =>
        new RelayedCommit(
            shared.Server.Port, "COMMIT\0", farewell: [(byte)'X', 0, 0, 0, 4],
            port => new Dictionary<string, string>(Config) { ["db_port"] = $"{port}" });

    protected override IItemService Create() => new PostgresItemService();
}

using SharedState.Items.Conformance;
using SharedState.Items.MySql;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>The contract's tests, on MariaDB.</summary>
public sealed class MySqlConformance
{
    public static TheoryData<string> Tests => [.. ConformanceRun.NamesWithFeed];

    [MariaDbTheory]
    [MemberData(nameof(Tests))]
    public Task TheContractIsKept(string test) => ConformanceRun.RunAsync(new Subclass(), test);

    /// <summary>Not public, so that its tests are run by the test above only.</summary>
    private sealed class Subclass : ItemFeedConformance
    {
        private TestDatabase _database = null!;

        protected override IReadOnlyDictionary<string, string> Config => _database.Config();

        protected override IReadOnlyDictionary<string, string> OtherConfig => _database.Config(table: "others");

        protected override HeldCommit NewHeldCommit() =>
            new RelayedCommit(
                _database.Server.Port, "\u0003COMMIT", farewell: [1, 0, 0, 0, 1],
                port => new Dictionary<string, string>(_database.Config()) { ["db_port"] = $"{port}" });

        protected override IItemService Create() => new MySqlItemService();

        public override async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

        public override async Task DisposeAsync()
        {
            await base.DisposeAsync();
            await _database.DropAsync();
        }
    }
}

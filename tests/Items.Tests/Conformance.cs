using SharedState.Items.Conformance;
using SharedState.Items.Sqlite;

namespace SharedState.Items.Tests;

public sealed class SqliteFileConformance : ItemServiceConformance
{
    private readonly TemporaryFolder _folder = new();

    protected override IReadOnlyDictionary<string, string> Config => _folder.Config();

    protected override IReadOnlyDictionary<string, string> OtherConfig => _folder.Config(table: "others");

    protected override OperatedStorage NewOperatedStorage() => new OperatedFolder(_folder.Path);

    protected override IItemService Create() => new SqliteItemService();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Delete();
    }
}

public sealed class SqliteMemoryConformance : ItemServiceConformance
{
    protected override IReadOnlyDictionary<string, string> Config { get; } = new Dictionary<string, string> { ["db_name"] = ":memory:" };

    protected override bool IsDurable => false;

    protected override IItemService Create() => new SqliteItemService();
}

public sealed class SampleConformance : ItemFeedConformance
{
    protected override IReadOnlyDictionary<string, string> Config { get; } =
        new Dictionary<string, string> { ["db_name"] = $"{Guid.NewGuid()}" };

    protected override bool IsDurable => false;

    protected override IItemService Create() => new MemoryItemService();
}

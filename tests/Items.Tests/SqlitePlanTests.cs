using SharedState.Items.Sqlite;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>What opening would do to a database file, told without touching it.</summary>
public sealed class SqlitePlanTests : SqliteTests
{
    private const string Table =
        "CREATE TABLE items (app TEXT NOT NULL, chnl TEXT NOT NULL, id TEXT NOT NULL, ctime TIMESTAMP DEFAULT CURRENT_TIMESTAMP, "
        + "data TEXT, PRIMARY KEY (app, chnl, id));";

    private string[] Files =>
        [.. Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(Folder.Database)!).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task ThePlanForAFileThatIsNotThereMakesNone()
    {
        var before = Files;
        var plan = await PlanAsync();
        Assert.Equal(before, Files);
        Assert.Equal($"the file {Folder.Database}", plan[0].Statement);
        Assert.Equal(9, plan.Count); // five tables and three triggers
        Assert.DoesNotContain(plan, change => change.Alters);

        await OpenAsync();
        Assert.Equal(plan.Skip(1).Count(), Sql("SELECT name FROM sqlite_schema WHERE type IN ('table', 'trigger')").Count);
    }

    [Theory]
    [InlineData("DELETE")]
    [InlineData("WAL")]
    public async Task ThePlanForTheTableOfAnotherProgramTellsWhatIsAlteredAndLeavesTheFileAsItIs(string journal)
    {
        Sql($"PRAGMA journal_mode = {journal}");
        Sql(Table);
        Sql("INSERT INTO items (app, chnl, id, data) VALUES ('app', 'a', '1', '1'), ('app', 'b', '2', '2')");
        var (before, files) = (await File.ReadAllBytesAsync(Folder.Database), Files);
        var plan = await PlanAsync();
        Assert.Equal(before, await File.ReadAllBytesAsync(Folder.Database));
        Assert.Equal(files, Files);

        var altered = plan.Where(change => change.Alters).Select(change => change.Statement.Split('"')[0]).ToArray();
        string[] triggers = ["CREATE TRIGGER IF NOT EXISTS ", "CREATE TRIGGER IF NOT EXISTS ", "CREATE TRIGGER IF NOT EXISTS "];
        Assert.Equal(journal == "WAL" ? triggers : ["PRAGMA journal_mode = WAL", .. triggers], altered);
        Assert.All(plan.Where(change => change.Alters), change => Assert.Equal((2, before.Length), (change.Rows, change.Bytes)));
        Assert.Equal(4, plan.Count(change => !change.Alters));

        var service = await OpenAsync();
        Assert.Contains("(2 rows)", Assert.Single(Log.Of(3007)), StringComparison.Ordinal);
        Assert.Single(Log.Of(3008));
        await CloseAsync(service);
        Assert.Empty(await PlanAsync());
    }

    [Fact]
    public async Task ThePlanForAnOpenDatabaseSaysThatItIsOpenAndForOneThatWasLeftIsEmpty()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        var open = await Assert.ThrowsAsync<ItemServiceException>(() => PlanAsync());
        Assert.Contains("is still open from before", open.Message, StringComparison.Ordinal);
        await CloseAsync(service);
        Assert.Empty(await PlanAsync());
    }

    [Theory]
    [InlineData("taken", "taken is a folder: db_name must name a file")]
    [InlineData("file/data/items.db", "file is a file: the database's folder can't be created in it")]
    public async Task ThePlanRefusesAPathOnWhichNoDatabaseCanBe(string database, string reason)
    {
        var folder = Path.GetDirectoryName(Folder.Database)!;
        Directory.CreateDirectory(Path.Combine(folder, "taken"));
        await File.WriteAllTextAsync(Path.Combine(folder, "file"), "");
        var path = Path.Combine(folder, database);
        var refusal = await Assert.ThrowsAsync<ItemServiceException>(() => PlanAsync(path));
        Assert.Equal(ItemServiceFault.Unusable, refusal.Fault);
        Assert.EndsWith(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(ItemServiceFault.Unusable, (await RefusedAsync(path)).Fault);
    }

    private async Task<IReadOnlyList<StorageChange>> PlanAsync(string? database = null)
    {
        await using var service = new SqliteItemService();
        var config = Folder.Config();
        if (database is not null) config["db_name"] = database;
        var context = new ItemServiceContext
        {
            ServiceName = "items",
            Config = config,
            BaseDirectory = Path.GetTempPath(),
            Logger = Log,
        };
        return (await service.PlanAsync(context, CancellationToken.None))!;
    }
}

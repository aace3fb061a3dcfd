using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>What goes wrong outside: a full disk, other programs, other files.</summary>
public sealed class SqliteFaultTests : SqliteTests
{
    [Fact]
    public async Task AFullDiskRefusesTheBatchAndHealsWithoutReopening()
    {
        var service = await OpenAsync();
        var position = await InsertAsync(service, "a");
        await LimitAsync(pages: 1);
        ItemUpdate[] large = [new() { Key = Key, Remove = ["a"] }, new() { Key = Key, Insert = [new Item("b", new byte[100_000])] }];

        var fault = await Assert.ThrowsAsync<ItemServiceException>(() => service.CommitAsync(large, CancellationToken.None).AsTask());
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        Assert.Contains(Folder.Database, fault.Message);
        var collection = await LoadAsync(service);
        Assert.Equal(position, collection.Position);
        Assert.Equal(["""{"id":"a"}"""], Texts(collection));

        await LimitAsync(pages: 1_000_000);
        Assert.Equal(position with { Revision = 2 }, await InsertAsync(service, "b"));

        // SQLite raises a limit below what is used to what is used.
        Task LimitAsync(int pages) => service.File.WriteAsync(
            writer =>
            {
                using var command = writer.Connection.CreateCommand();
                command.CommandText = $"PRAGMA max_page_count = {pages}";
                return command.ExecuteNonQuery();
            },
            CancellationToken.None);
    }

    [Fact]
    public async Task ALockHeldByAnotherProgramIsUnavailableAndHeals()
    {
        var service = await OpenAsync(busySeconds: 1);
        var position = await InsertAsync(service, "a");
        using (var other = new SqliteConnection($"Data Source={Folder.Database};Pooling=False"))
        {
            other.Open();
            using var transaction = other.BeginTransaction(deferred: false);
            var fault = await Assert.ThrowsAsync<ItemServiceException>(() => InsertAsync(service, "b"));
            Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
            Assert.Contains("locked by another program for 1 s", fault.Message);
            Assert.Equal(position, (await LoadAsync(service)).Position);
        }
        Assert.Equal(position with { Revision = 2 }, await InsertAsync(service, "b"));
    }

    [Fact]
    public async Task WhoStopsWaitingForALockIsToldAtOnceThatNothingWasApplied()
    {
        var service = await OpenAsync();
        var position = await InsertAsync(service, "a");
        using (var other = new SqliteConnection($"Data Source={Folder.Database};Pooling=False"))
        {
            other.Open();
            using var transaction = other.BeginTransaction(deferred: false);
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
            var asked = Stopwatch.StartNew();
            var update = new ItemUpdate { Key = Key, Insert = [NewItem("b")] };
            var fault = await Assert.ThrowsAsync<ItemServiceException>(() => service.CommitAsync([update], stop.Token).AsTask());
            Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
            Assert.True(asked.Elapsed < TimeSpan.FromSeconds(3), $"it took {asked.Elapsed}");
        }
        Assert.Equal(position with { Revision = 2 }, await InsertAsync(service, "c"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ALoadThatIsCancelledEndsBetweenTwoRows(bool removed)
    {
        var service = await OpenAsync(adjust: options => options with { RemovalsKept = 200_000 });
        string[] ids = [.. Enumerable.Range(0, 100_000).Select(n => $"{n}")];
        await InsertAsync(service, ids);
        if (removed) await CommitAsync(service, new ItemUpdate { Key = Key, Remove = ids });
        var watch = Stopwatch.StartNew();
        await LoadAsync(service);
        var whole = watch.Elapsed;

        // The first load may have been the slow one of the two: then a smaller part of its time is taken.
        var ended = false;
        for (var part = 10; part <= 80 && !ended; part *= 2)
        {
            using var stop = new CancellationTokenSource(whole / part);
            var load = service.LoadAsync(Key, stop.Token).AsTask();
            ended = await Task.WhenAny(load) == load && load.IsCanceled;
        }
        Assert.True(ended);
        Assert.NotEqual(0, (await LoadAsync(service)).Position.Revision);
    }

    [Fact]
    public async Task ASecondHostIsRefusedUntilTheFirstEnds()
    {
        var first = await OpenAsync();
        var refusal = await RefusedAsync(table: "ITEMS");
        Assert.Equal(ItemServiceFault.Unavailable, refusal.Fault);
        Assert.Contains(Folder.Database, refusal.Message);

        await CloseAsync(first);
        await OpenAsync();
    }

    [Fact]
    public async Task ASecondServiceOfOneHostIsToldWhichOneHasTheTable()
    {
        var first = await OpenAsync(name: "first");
        var refusal = await RefusedAsync(table: "Items", name: "second");
        Assert.Equal((ItemServiceFault.Config, "db_table"), (refusal.Fault, refusal.ConfigKey));
        Assert.Contains($"service first has table Items of {Folder.Database} already", refusal.Message);
        await InsertAsync(await OpenAsync(table: "others", name: "second"), "a");

        await CloseAsync(first);
        await InsertAsync(await OpenAsync(name: "second again"), "a");
    }

    [Fact]
    public async Task ARefusedServiceKeepsNoOtherFromTheTable()
    {
        File.WriteAllText(Folder.Database, new string('x', 200));
        Assert.Equal(ItemServiceFault.Unusable, (await RefusedAsync(name: "first")).Fault);
        File.Delete(Folder.Database);
        await OpenAsync(name: "second");
    }

    [Fact]
    public async Task ALinkToADatabaseIsThatDatabase()
    {
        await OpenAsync();
        File.CreateSymbolicLink(Folder.File("link.db"), Folder.Database);
        Assert.Equal(ItemServiceFault.Unavailable, (await RefusedAsync(Folder.File("link.db"))).Fault);
    }

    [Theory]
    [InlineData("This is a text about something else, and long enough to be more than a header of one hundred bytes of a file.")]
    [InlineData("SQLite format 3\0 and then something else altogether, which is no header of a database, however long it may be.")]
    public async Task AFileThatIsNoDatabaseIsRefusedUntouched(string content)
    {
        File.WriteAllText(Folder.Database, content);
        var refusal = await RefusedAsync();
        Assert.Equal(ItemServiceFault.Unusable, refusal.Fault);
        Assert.Contains(Folder.Database, refusal.Message);
        Assert.Equal(content, File.ReadAllText(Folder.Database));
    }

    [Fact]
    public async Task ADamagedDatabaseIsRefusedUntouched()
    {
        var service = await OpenAsync();
        await CommitAsync(service, new ItemUpdate { Key = Key, Insert = [.. Enumerable.Range(0, 2000).Select(n => NewItem($"{n}"))] });
        await CloseAsync(service);
        var bytes = File.ReadAllBytes(Folder.Database);
        Random.Shared.NextBytes(bytes.AsSpan(bytes.Length / 2, 8192));
        File.WriteAllBytes(Folder.Database, bytes);

        Assert.Equal(ItemServiceFault.Unusable, (await RefusedAsync()).Fault);
        Assert.Equal(bytes, File.ReadAllBytes(Folder.Database));
    }

    [Theory]
    [InlineData("CREATE TABLE items (id TEXT PRIMARY KEY, data TEXT)", "id, data")]
    [InlineData("CREATE TABLE items (app TEXT, chnl TEXT, id TEXT, ctime TIMESTAMP, data TEXT)", "the key none")]
    [InlineData(
        "CREATE TABLE items (app TEXT, chnl TEXT, id TEXT COLLATE NOCASE, ctime TIMESTAMP, data TEXT, PRIMARY KEY (app, chnl, id))",
        "NOCASE")]
    [InlineData("CREATE VIEW items AS SELECT 1 AS app, 2 AS chnl, 3 AS id, 4 AS ctime, 5 AS data", "the key none")]
    [InlineData("PRAGMA encoding = 'UTF-16'; CREATE TABLE other (id)", "UTF-16")]
    [InlineData(
        "CREATE TABLE items (app TEXT, chnl TEXT, id TEXT, ctime TIMESTAMP, data TEXT, PRIMARY KEY (app, chnl, id));"
        + "CREATE TABLE items__store (format); INSERT INTO items__store VALUES (2)",
        "format 2")]
    public async Task AnotherProgramsTableIsRefusedUntouched(string sql, string found)
    {
        Sql(sql);
        var bytes = File.ReadAllBytes(Folder.Database);
        var refusal = await RefusedAsync();
        Assert.Equal(ItemServiceFault.Unusable, refusal.Fault);
        Assert.Contains(Folder.Database, refusal.Message);
        Assert.Contains(found, refusal.Message);
        Assert.Equal(bytes, File.ReadAllBytes(Folder.Database));
    }

    [Fact]
    public async Task AFolderInTheDatabasesPlaceIsRefused()
    {
        Directory.CreateDirectory(Folder.Database);
        Assert.Equal(ItemServiceFault.Unusable, (await RefusedAsync()).Fault);
    }

    [Fact]
    public async Task AFileInTheFoldersPlaceIsRefused()
    {
        File.WriteAllText(Folder.File("file"), "");
        Assert.Equal(ItemServiceFault.Unusable, (await RefusedAsync(Folder.File("file/test.db"))).Fault);
    }

    [Fact]
    public async Task AMissingFolderIsMade()
    {
        await InsertAsync(await OpenAsync(Folder.File("a/b/test.db")), "a");
        Assert.True(File.Exists(Folder.File("a/b/test.db")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("items; DROP TABLE items")]
    [InlineData("sqlite_items")]
    [InlineData("items\n")]
    [InlineData("ä")]
    public async Task ATablesNameIsLettersDigitsAndUnderscores(string table)
    {
        var refusal = await RefusedAsync(table: table);
        Assert.Equal((ItemServiceFault.Config, "db_table"), (refusal.Fault, refusal.ConfigKey));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public async Task ADatabasesNameIsAPath(string name)
    {
        var refusal = await RefusedAsync(name);
        Assert.Equal((ItemServiceFault.Config, "db_name"), (refusal.Fault, refusal.ConfigKey));
    }
}

using Microsoft.Data.Sqlite;
using SQLitePCL;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>What survives, and how a history is told from another.</summary>
public sealed class SqliteHistoryTests : SqliteTests
{
    private string LockFile => Folder.Database + "-items-lock";

    [Fact]
    public async Task AKilledHostLosesNothing()
    {
        // The content of all files, taken while the host runs, is what a host that is killed now leaves. The files stay the same.
        var service = await OpenAsync();
        await InsertAsync(service, "a", "b");
        var position = await RemoveAsync(service, "b");
        Directory.CreateDirectory(Folder.File("killed"));
        await CopyAsync(Folder.Database, Folder.Database + "-wal", LockFile, Folder.File("killed"));
        await CloseAsync(service);
        await CopyAsync([.. Directory.GetFiles(Folder.File("killed")), Folder.Path]);

        var reopened = await OpenAsync();
        var collection = await LoadAsync(reopened);
        Assert.Equal(position, collection.Position);
        Assert.Equal([new Tombstone("b", 2)], collection.Tombstones);
        Assert.Equal(["""{"id":"a"}"""], Texts(collection));
        Assert.Empty(Log.Of(3002));
    }

    [Fact]
    public async Task AHostThatIsKilledBeforeTheLockFileIsWrittenKeepsItsEpoch()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        await CopyAsync(LockFile, Folder.File("earlier"));
        var position = await InsertAsync(service, "b");
        await CloseAsync(service);
        await CopyAsync(Folder.File("earlier"), LockFile);
        Assert.Equal(position, (await LoadAsync(await OpenAsync())).Position);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    public async Task AnOlderCopyIsAnotherEpochAlsoWhenItHasAdvancedPastTheOneItReplaces(int updates)
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        await CloseAsync(service);
        await CopyAsync(Folder.Database, Folder.File("copy"));

        service = await OpenAsync();
        await InsertAsync(service, "b");
        var lost = await InsertAsync(service, "c");
        var nowhere = (await LoadAsync(service, new CollectionKey("never", "written"))).Position;
        await CloseAsync(service);
        await CopyAsync(Folder.File("copy"), Folder.Database);

        service = await OpenAsync();
        for (var n = 0; n < updates; n++) await InsertAsync(service, $"{n}");
        var restored = await LoadAsync(service);
        Assert.Equal(1 + updates, restored.Position.Revision);
        Assert.NotEqual(lost.Epoch, restored.Position.Epoch);
        Assert.NotEqual(nowhere, (await LoadAsync(service, new CollectionKey("never", "written"))).Position);
        Assert.Contains(Folder.Database, Assert.Single(Log.Of(3002)));

        // It is told once: from here on, this is the history.
        await CloseAsync(service);
        Assert.Equal(restored.Position, (await LoadAsync(await OpenAsync())).Position);
    }

    [Fact]
    public async Task AnotherDatabaseInItsPlaceIsAnotherEpoch()
    {
        var other = await OpenAsync(Folder.File("other.db"));
        for (var n = 0; n < 5; n++) await InsertAsync(other, "x");
        await CloseAsync(other);
        var service = await OpenAsync();
        var position = await InsertAsync(service, "a");
        await CloseAsync(service);
        await CopyAsync(Folder.File("other.db"), Folder.Database);
        Assert.NotEqual(position.Epoch, (await LoadAsync(await OpenAsync())).Position.Epoch);
        Assert.Single(Log.Of(3002));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("garbage")]
    public async Task ACopyWithoutItsLockFileIsAnotherEpoch(string? content)
    {
        var service = await OpenAsync();
        var position = await InsertAsync(service, "a");
        await CloseAsync(service);
        File.Delete(LockFile);
        if (content is not null) File.WriteAllText(LockFile, content);
        Assert.NotEqual(position.Epoch, (await LoadAsync(await OpenAsync())).Position.Epoch);
    }

    [Fact]
    public async Task EachDatabaseInMemoryIsAnotherEpoch()
    {
        var one = await OpenAsync(":memory:");
        var two = await OpenAsync(":memory:");
        Assert.NotEqual((await LoadAsync(one)).Position, (await LoadAsync(two)).Position);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(":memory:")]
    public async Task RemovalsAreRememberedWithinABound(string? database)
    {
        // Never more than 20 or, if that is more, as many as there are items; and what is forgotten, the history's start tells.
        var service = await OpenAsync(database, removalsKept: 20);
        var removed = new Dictionary<string, long>();
        for (var n = 0; n < 100; n++)
        {
            await InsertAsync(service, $"{n}");
            removed[$"{n}"] = (await RemoveAsync(service, $"{n}")).Revision;
            var collection = await LoadAsync(service);
            Assert.InRange(collection.Tombstones.Count, Math.Min(n + 1, 15), 20);
            var expected = removed.Where(removal => removal.Value > collection.HistoryStart).Select(removal => removal.Key);
            Assert.Equal(expected.Order(), collection.Tombstones.Select(removal => removal.Id).Order());
        }
    }

    [Fact]
    public async Task RemovalsOfOneUpdateAreForgottenTogetherInMemoryToo()
    {
        var service = await OpenAsync(":memory:", removalsKept: 3);
        await InsertAsync(service, "a", "b", "c", "d");
        await RemoveAsync(service, "a", "b");
        await RemoveAsync(service, "c", "d");
        var collection = await LoadAsync(service);
        Assert.Equal(2, collection.HistoryStart);
        Assert.Equal([new Tombstone("c", 3), new Tombstone("d", 3)], collection.Tombstones);
    }

    [Fact]
    public async Task AForgottenCollectionLeavesNoRow()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a", "b");
        await RemoveAsync(service, "a");
        var at = await RemoveAsync(service, "b");
        Assert.Equal(["1|2"], Sql("SELECT (SELECT count(*) FROM items__collections), (SELECT count(*) FROM items__removals)"));
        Assert.True(await service.ForgetAsync(Key, at, CancellationToken.None));
        Assert.Equal(["0|0"], Sql("SELECT (SELECT count(*) FROM items__collections), (SELECT count(*) FROM items__removals)"));
    }

    [Fact]
    public async Task WhatAnotherProgramWroteIsNotForgotten()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        var at = await RemoveAsync(service, "a");
        Sql("""INSERT INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'b', '{"id":"b"}')""");
        Assert.False(await service.ForgetAsync(Key, at, CancellationToken.None));
        Assert.Equal(["""{"id":"b"}"""], Texts(await LoadAsync(service)));
    }

    [Fact]
    public async Task InMemoryEveryCallIsDoneWhenItReturns()
    {
        var service = await OpenAsync(":memory:");
        Assert.True(
            service
                .CommitAsync([new ItemUpdate { Key = Key, Insert = [NewItem("a")] }], CancellationToken.None)
                .AsTask()
                .IsCompletedSuccessfully);
        Assert.True(service.LoadAsync(Key, CancellationToken.None).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task CommitsPrepareNothing()
    {
        // SQLite asks the authorizer whenever it prepares a statement. (Setting one has all statements prepared again when they next run.)
        var asked = 0;
        var service = await OpenAsync();
        await service.File.WriteAsync(
            writer => raw.sqlite3_set_authorizer(writer.Connection.Handle, Authorize, null), CancellationToken.None);
        await CommitHundredAsync();
        Assert.NotEqual(0, asked);
        asked = 0;
        await CommitHundredAsync();
        Assert.Equal(0, asked);

        async Task CommitHundredAsync()
        {
            var updates = Enumerable.Range(0, 100).Select(n => new ItemUpdate { Key = Key, Insert = [NewItem($"{n % 50}")] });
            await service.CommitAsync([.. updates], CancellationToken.None);
        }

        int Authorize(object data, int action, string first, string second, string database, string trigger)
        {
            asked++;
            return raw.SQLITE_OK;
        }
    }

    [Fact]
    public async Task WhatACommitAnswersIsSyncedToDisk()
    {
        var service = await OpenAsync();
        var settings = await service.File.WriteAsync(
            writer => (Pragma(writer.Connection, "journal_mode"), Pragma(writer.Connection, "synchronous")), CancellationToken.None);
        Assert.Equal(("wal", "2"), settings);
        Assert.Contains("SQLite 3.", Assert.Single(Log.Of(3000)));
        Assert.Empty(Log.Of(3001));

        static string Pragma(SqliteConnection connection, string name)
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"PRAGMA {name}";
            return $"{command.ExecuteScalar()}";
        }
    }

    [Fact]
    public async Task ClosingLeavesTheDatabaseInOneFile()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        await LoadAsync(service);
        await CloseAsync(service);
        Assert.False(File.Exists(Folder.Database + "-wal"));
        Assert.False(File.Exists(Folder.Database + "-shm"));
    }
}

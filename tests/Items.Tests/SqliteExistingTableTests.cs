using Xunit;

namespace SharedState.Items.Tests;

/// <summary>A table that another program made, and goes on using.</summary>
public sealed class SqliteExistingTableTests : SqliteTests
{
    private const string Table =
        "CREATE TABLE items (app TEXT NOT NULL, chnl TEXT NOT NULL, id TEXT NOT NULL, "
        + "ctime TIMESTAMP DEFAULT CURRENT_TIMESTAMP, data TEXT, PRIMARY KEY (app, chnl, id));";

    [Fact]
    public async Task ItemsInBothFormsAreServed()
    {
        Sql(Table + """
            INSERT INTO items (app, chnl, id, data) VALUES
                ('app', 'collection', 'whole', '{"id": "whole", "data": 1, "more": true}'),
                ('app', 'collection', 'value', '{"x": 1}'),
                ('app', 'collection', 'of another', '{"id": "another"}'),
                ('app', 'collection', 'nested', '{"a": {"id": "nested"}}'),
                ('app', 'collection', 'text', '"text"'),
                ('app', 'collection', 'nothing', NULL),
                ('app', 'other', 'x', '1');
            """);
        var service = await OpenAsync();
        Assert.Equal(
            [
                """{"id": "whole", "data": 1, "more": true}""",
                """{"id":"nested","data":{"a": {"id": "nested"}}}""",
                """{"id":"nothing","data":null}""",
                """{"id":"of another","data":{"id": "another"}}""",
                """{"id":"text","data":"text"}""",
                """{"id":"value","data":{"x": 1}}""",
            ],
            Texts(await LoadAsync(service)));

        var keys = new List<CollectionKey>();
        await foreach (var key in service.ListAsync(null, CancellationToken.None)) keys.Add(key);
        Assert.Equal([Key, Key with { Collection = "other" }], keys);
    }

    [Fact]
    public async Task RowsThatHoldNoItemAreLeftOutAndCountedInTheLog()
    {
        Sql(Table + """
            INSERT INTO items (app, chnl, id, data) VALUES
                ('app', 'collection', 'good', '1'), ('app', 'collection', 'bad', 'secret'), ('app', 'collection', 'nan', '{"x": NaN}'),
                ('app', 'collection', 'cut', '{"x": 1'), ('app', 'collection', 'two', '1 2'), ('app', 'collection', 'empty', ''),
                ('app', 'collection', 'latin', CAST(x'22e422' AS TEXT)), ('app', 'collection', CAST(x'e4' AS TEXT), '1');
            """);
        Assert.Equal(["""{"id":"good","data":1}"""], Texts(await LoadAsync(await OpenAsync())));
        var line = Assert.Single(Log.Of(3004));
        Assert.StartsWith("7 rows of app/collection", line);
        Assert.DoesNotContain("secret", line);
    }

    /// <summary>What SQLite lets another program write where texts should be, and what is valid JSON though no text.</summary>
    [Fact]
    public async Task RowsWithStrangeKeysKeepNoOtherFromBeingReadAndListed()
    {
        Sql(
            "CREATE TABLE items (app TEXT, chnl TEXT, id TEXT, ctime TIMESTAMP, data TEXT, PRIMARY KEY (app, chnl, id));"
                + """
                INSERT INTO items (app, chnl, id, data) VALUES
                    ('app', 'collection', NULL, '1'), ('app', 'collection', '', '1'), ('app', 'collection', x'61', '1'), ('app', 'collection', 'a', '2'),
                    ('app', 'collection', 'lone key', '{"id": "lone key", "\ud800": 1}'), ('app', 'collection', 'lone id', '{"id": "\udc00"}'),
                    (NULL, 'x', 'a', '1'), ('app', NULL, 'a', '1'), ('app', '', 'a', '1'), ('', 'x', 'a', '1'),
                    (x'61', 'x', 'a', '1'), ('app', x'61', 'a', '1'), ('app', 'cut' || char(0) || 'x', 'a', '1'), ('app', CAST(x'e4' AS TEXT), 'a', '1'),
                    ('app', 'last', 'a', x'31');
                """);
        var service = await OpenAsync();
        Assert.Equal(
            ["""{"id": "lone key", "\ud800": 1}""", """{"id":"a","data":2}""", """{"id":"lone id","data":{"id": "\udc00"}}"""],
            Texts(await LoadAsync(service)));
        Assert.StartsWith("3 rows of app/collection", Assert.Single(Log.Of(3004)));
        Assert.Equal(["""{"id":"a","data":1}"""], Texts(await LoadAsync(service, Key with { Collection = "last" })));

        foreach (var app in new[] { null, "app" })
        {
            var keys = new List<CollectionKey>();
            await foreach (var key in service.ListAsync(app, CancellationToken.None))
            {
                keys.Add(key);
                if (keys.Count == 10) break;
            }
            Assert.Equal([Key, Key with { Collection = "last" }], keys);
        }
    }

    [Fact]
    public async Task TheOtherProgramReadsAndWritesOnWithoutLosingARow()
    {
        Sql(Table + "INSERT INTO items (app, chnl, id, ctime, data) VALUES ('app', 'collection', 'old', '2020-01-02 03:04:05', '1')");
        var service = await OpenAsync();
        await InsertAsync(service, "new");

        // Five columns; the time is one, to the microsecond, as Python's driver and SQLite's own functions take it apart.
        var rows = Sql("SELECT * FROM items WHERE app = 'app' AND chnl = 'collection' ORDER BY id").Select(row => row.Split('|')).ToArray();
        Assert.All(rows, row => Assert.Equal(5, row.Length));
        Assert.Equal(["app", "collection", "old", "2020-01-02 03:04:05", "1"], rows[1]);
        Assert.Equal("""{"id":"new"}""", rows[0][4]);
        var time = DateTime.ParseExact(rows[0][3][..26], "yyyy-MM-dd HH:mm:ss.ffffff", null);
        Assert.Equal([$"{time:yyyy-MM-dd HH:mm:ss}"], Sql("SELECT datetime(ctime) FROM items WHERE id = 'new'"));

        Sql("INSERT OR REPLACE INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'new', '2'), ('app', 'collection', 'x', '3')");
        Sql("DELETE FROM items WHERE app = 'app' AND chnl = 'collection' AND id IN ('old')");
        Assert.Equal(["""{"id":"new","data":2}""", """{"id":"x","data":3}"""], Texts(await LoadAsync(service)));
        await InsertAsync(service, "x");
        Assert.Equal(["""{"id":"new","data":2}""", """{"id":"x"}"""], Texts(await LoadAsync(service)));
    }

    [Theory]
    [InlineData("INSERT INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'c', '1')", false)]
    [InlineData("INSERT OR REPLACE INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'b', '1')", false)]
    [InlineData("DELETE FROM items WHERE app = 'app' AND chnl = 'collection' AND id IN ('b')", false)]
    [InlineData("DELETE FROM items WHERE id = 'b'; INSERT INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'b', '1')", false)]
    [InlineData("UPDATE items SET data = '1' WHERE id = 'b'", false)]
    [InlineData("UPDATE items SET id = 'c' WHERE id = 'b'", false)]
    [InlineData("UPDATE items SET chnl = 'other' WHERE chnl = 'collection' AND id = 'b'", false)]
    [InlineData("DELETE FROM items", true)]
    [InlineData("CREATE TABLE copy AS SELECT * FROM items; DROP TABLE items; " + Table + " INSERT INTO items SELECT * FROM copy", true)]
    public async Task WhatAnotherProgramChangesIsANewEpochOfThatCollectionOnly(string change, bool changesAll)
    {
        var calm = new CollectionKey("app", "calm");
        var service = await OpenAsync();
        await CommitAsync(service, new ItemUpdate { Key = calm, Insert = [NewItem("a")] });
        await InsertAsync(service, "a", "b");
        await RemoveAsync(service, "a");
        var before = await LoadAsync(service);
        var calmBefore = (await LoadAsync(service, calm)).Position;
        await CloseAsync(service);
        Sql(change);

        service = await OpenAsync();
        var after = await LoadAsync(service);
        Assert.NotEqual(before.Position.Epoch, after.Position.Epoch);
        Assert.Empty(after.Tombstones);
        Assert.Equal(after.Position.Revision, after.HistoryStart);
        Assert.All(after.Items, item => Assert.Equal(after.Position.Revision, item.Revision));
        Assert.Equal(changesAll, calmBefore != (await LoadAsync(service, calm)).Position);

        // What it was adopted as is stored, and goes on from there.
        await CloseAsync(service);
        service = await OpenAsync();
        Assert.Equal(after.Position, (await LoadAsync(service)).Position);
        Assert.Equal(after.Position with { Revision = after.Position.Revision + 1 }, await InsertAsync(service, "d"));
        var last = await LoadAsync(service);
        Assert.Equal(after.Items.Count + 1, last.Items.Count);
        Assert.Equal(1, last.Items.Count(item => item.Revision == last.Position.Revision));
    }

    [Fact]
    public async Task TheTriggersOfAnotherProgramRunForOurChangesToo()
    {
        Sql(Table + """
            CREATE TABLE audit (id TEXT);
            CREATE TRIGGER audited AFTER INSERT ON ITEMS BEGIN INSERT INTO audit VALUES (NEW.id); END;
            """);
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        Assert.Equal(["a"], Sql("SELECT id FROM audit"));
        Assert.Empty(Sql("SELECT * FROM items__changed WHERE chnl = 'collection'"));
    }

    [Fact]
    public async Task ACommitToWhatAnotherProgramChangedIsInTheNewEpochToo()
    {
        var service = await OpenAsync();
        var before = await InsertAsync(service, "a", "b");
        await CloseAsync(service);
        Sql("DELETE FROM items WHERE id = 'a'; INSERT INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'c', '1')");

        service = await OpenAsync();
        var expecting = new ItemUpdate { Key = Key, Insert = [NewItem("b")], Expected = before };
        var (status, after) = Assert.Single(await service.CommitAsync([expecting], CancellationToken.None));
        Assert.Equal(CommitStatus.Conflict, status);
        Assert.NotEqual(before.Epoch, after.Epoch);
        Assert.Equal(after with { Revision = after.Revision + 1 }, await InsertAsync(service, "b"));
        Assert.Equal(["""{"id":"b"}""", """{"id":"c","data":1}"""], Texts(await LoadAsync(service)));
    }
}

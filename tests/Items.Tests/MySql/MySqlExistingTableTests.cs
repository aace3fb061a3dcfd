using SharedState.Items.MySql;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>A table that another program made, and goes on using.</summary>
public sealed class MySqlExistingTableTests : MySqlTests
{
    /// <summary>As existing installations have it, with what old servers did by default.</summary>
    private const string Table =
        "CREATE TABLE items (app VARCHAR(128) NOT NULL, chnl VARCHAR(128) NOT NULL, id VARCHAR(64) NOT NULL, "
        + "ctime TIMESTAMP DEFAULT CURRENT_TIMESTAMP, data TEXT, PRIMARY KEY (app, chnl, id)) CHARACTER SET utf8 COLLATE utf8_general_ci;";

    private const string Rows = """
        INSERT INTO items (app, chnl, id, data) VALUES
            ('app', 'collection', 'A', '{"id": "A", "data": 1, "more": true}'),
            ('app', 'collection', 'value', '{"x": 1}'),
            ('app', 'collection', 'of another', '{"id": "another"}'),
            ('app', 'collection', 'text', '"ä"'),
            ('app', 'collection', 'nothing', NULL),
            ('App', 'Other', 'x', '1');
        """;

    private static readonly string[] _texts =
    [
        """{"id": "A", "data": 1, "more": true}""",
        """{"id":"nothing","data":null}""",
        """{"id":"of another","data":{"id": "another"}}""",
        """{"id":"text","data":"ä"}""",
        """{"id":"value","data":{"x": 1}}""",
    ];

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Database.Server.SqlAsync($"CREATE DATABASE `{Database.Name}` CHARACTER SET latin1");
    }

    [MariaDbFact]
    public async Task ItOpensAndIdsThatItTookForOneAreSeveral()
    {
        await SqlAsync(Table + Rows);
        var service = await OpenAsync();
        Assert.Equal(_texts, Texts(await LoadAsync(service)));

        await InsertAsync(service, "a", "A ", "Text", "😀", new string('x', 500));
        Assert.Equal(10, (await LoadAsync(service)).Items.Count);
        Assert.Empty((await LoadAsync(service, new("app", "other"))).Items);
        Assert.Equal([Key, new("App", "Other")], await ListAsync(service));
    }

    [MariaDbTheory]
    [InlineData("CHARACTER SET utf8 COLLATE utf8_general_ci", "ROW_FORMAT=COMPACT")]
    [InlineData("CHARACTER SET latin1 COLLATE latin1_swedish_ci", "ENGINE=MyISAM")]
    [InlineData("CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", "ENGINE=Aria")]
    [InlineData("CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "COMMENT='x'")]
    public async Task ItsCharactersAndEngineMayBeOthers(string characters, string options)
    {
        var table = Table.Replace("CHARACTER SET utf8 COLLATE utf8_general_ci", $"{characters} {options}", StringComparison.Ordinal);
        if (options == "ROW_FORMAT=COMPACT") table = table.Replace("VARCHAR(128) NOT", "VARCHAR(100) NOT", StringComparison.Ordinal);
        await SqlAsync(table + Rows);
        var service = await OpenAsync();
        Assert.Equal(_texts, Texts(await LoadAsync(service)));
        await InsertAsync(service, "a", "Text");
        Assert.Equal(_texts.Length + 2, (await LoadAsync(service)).Items.Count);
        Assert.Equal(
            ["InnoDB"],
            await SqlAsync("SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'items'"));
    }

    [MariaDbFact]
    public async Task AMigrationMayBeInterruptedAfterEachStep()
    {
        await SqlAsync(Table + Rows);
        var steps = 0;
        for (var interrupted = true; interrupted; steps++)
        {
            interrupted = false;
            try
            {
                await CloseAsync(await OpenAsync(options => options with { AfterStep = Interrupt }));
            }
            catch (ItemServiceException e) when (e.InnerException is IOException)
            {
                interrupted = true;
            }

            // What the other program sees is the same after each step.
            Assert.Equal(6, (await SqlAsync("SELECT * FROM items")).Count);
            Assert.All(await SqlAsync("SELECT * FROM items"), row => Assert.Equal(5, row.Split('|').Length));

            void Interrupt(string step) => throw new IOException("interrupted");
        }
        Assert.Equal(7, steps); // four tables, two changes, and then nothing more to do

        var service = await OpenAsync();
        Assert.Equal(_texts, Texts(await LoadAsync(service)));
        Assert.Equal(2, (await InsertAsync(service, "b")).Revision);
    }

    /// <summary>As it would be on a large table: the time for opening is over while the server still alters it.</summary>
    [MariaDbFact]
    public async Task AMigrationThatTakesLongerThanAnOpeningGoesOnAndIsNotBegunAgain()
    {
        await SqlAsync(Table + Rows);
        await using var other = await ConnectAsync();
        await MariaDbServer.SqlAsync(other, "START TRANSACTION; SELECT * FROM items"); // an ALTER waits for whoever reads the table
        using (var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1)))
        {
            var late = await Assert.ThrowsAsync<ItemServiceException>(() => OpenAsync(Patient, stop: stop.Token));
            Assert.Equal(ItemServiceFault.Unavailable, late.Fault);
            Assert.Contains("it goes on", late.Message);
        }
        var waiting = await RefusedAsync(adjust: Patient);
        Assert.Equal(ItemServiceFault.Unavailable, waiting.Fault);
        Assert.Contains("is being made ready", waiting.Message);

        await MariaDbServer.SqlAsync(other, "COMMIT");
        MySqlItemService? service = null;
        for (var deadline = DateTime.UtcNow.AddSeconds(20); service is null && DateTime.UtcNow < deadline;)
        {
            try
            {
                service = await OpenAsync(Patient);
            }
            catch (ItemServiceException e) when (e.Fault == ItemServiceFault.Unavailable)
            {
                // Still under way.
            }
        }
        Assert.Equal(_texts, Texts(await LoadAsync(service!)));
        Assert.Single(Log.Of(3111), line => line.Contains("ADD COLUMN touched", StringComparison.Ordinal));

        static MySqlOptions Patient(MySqlOptions options) => options with { CommandSeconds = 30, LockSeconds = 1 };
    }

    [MariaDbFact]
    public async Task WhoMayNotAlterIsToldTheStatementsWhichMakeItOpen()
    {
        await SqlAsync(Table + Rows + $"""
            CREATE OR REPLACE USER limited IDENTIFIED BY 'x';
            GRANT SELECT, INSERT, UPDATE, DELETE ON `{Database.Name}`.* TO limited
            """);
        var refusal = await RefusedAsync(AsLimited);
        Assert.Equal(ItemServiceFault.Unusable, refusal.Fault);
        Assert.Equal(6, (await SqlAsync("SELECT * FROM items")).Count);
        Assert.Equal(["items"], await SqlAsync("SHOW TABLES"));

        await SqlAsync(refusal.Message[refusal.Message.IndexOf("CREATE TABLE", StringComparison.Ordinal)..]);
        var service = await OpenAsync(change: AsLimited);
        Assert.Equal(_texts, Texts(await LoadAsync(service)));
        await InsertAsync(service, "a");
        await RemoveAsync(service, "a", "A");
        Assert.Equal(_texts[1..], Texts(await LoadAsync(service)));
        await CloseAsync(service);
        Assert.Equal(_texts[1..], Texts(await LoadAsync(await OpenAsync(change: AsLimited))));

        static void AsLimited(Dictionary<string, string> config) => (config["db_user"], config["db_password"]) = ("limited", "x");
    }

    [MariaDbFact]
    public async Task RowsThatHoldNoItemAreLeftOutAndCountedInTheLog()
    {
        await SqlAsync(
            Table
                + """
                INSERT INTO items (app, chnl, id, data) VALUES
                    ('app', 'collection', 'good', '1'), ('app', 'collection', 'bad', 'secret'), ('app', 'collection', 'nan', '{"x": NaN}'),
                    ('app', 'collection', 'cut', '{"x": 1'), ('app', 'collection', 'two', '1 2'), ('app', 'collection', 'empty', ''), ('app', 'collection', '', '1'),
                    ('app', '', 'x', '1'), ('', 'x', 'x', '1'), ('app', 'a\nb', 'x', '1');
                """);
        var service = await OpenAsync();
        Assert.Equal(["""{"id":"good","data":1}"""], Texts(await LoadAsync(service)));
        var line = Assert.Single(Log.Of(3105));
        Assert.StartsWith("6 rows of app/collection", line);
        Assert.DoesNotContain("secret", line);
        Assert.Equal([Key], await ListAsync(service));
    }

    [MariaDbFact]
    public async Task TheOtherProgramReadsAndWritesOnWithoutLosingARow()
    {
        await SqlAsync(
            Table + "INSERT INTO items (app, chnl, id, ctime, data) VALUES ('app', 'collection', 'old', '2020-01-02 03:04:05', '1')");
        var service = await OpenAsync();
        await InsertAsync(service, "new");

        var rows = (await SqlAsync("SELECT * FROM items WHERE app = 'app' AND chnl = 'collection' ORDER BY id"))
            .Select(row => row.Split('|'))
            .ToArray();
        Assert.All(rows, row => Assert.Equal(5, row.Length));
        Assert.Equal(["app", "collection", "old", "1"], [.. rows[1][..3], rows[1][4]]);
        Assert.Equal("""{"id":"new"}""", rows[0][4]);
        Assert.Equal(["1"], await SqlAsync("SELECT COUNT(*) FROM items WHERE ctime > NOW() - INTERVAL 1 MINUTE AND id = 'new'"));

        await SqlAsync(
            "REPLACE INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'new', '2'), ('app', 'collection', 'x', '3')");
        await SqlAsync("DELETE FROM items WHERE app = 'app' AND chnl = 'collection' AND id IN ('old')");
        Assert.Equal(["""{"id":"new","data":2}""", """{"id":"x","data":3}"""], Texts(await LoadAsync(service)));
        await InsertAsync(service, "x");
        Assert.Equal(["""{"id":"new","data":2}""", """{"id":"x"}"""], Texts(await LoadAsync(service)));
    }

    [MariaDbTheory]
    [InlineData("INSERT INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'c', '1')", false)]
    [InlineData("REPLACE INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'b', '1')", false)]
    [InlineData("INSERT INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'b', '1') ON DUPLICATE KEY UPDATE data = '1'", false)]
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
        await SqlAsync(change);

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

    [MariaDbFact]
    public async Task ACommitToAnItemThatAnotherProgramChangedIsInTheNewEpochToo()
    {
        var service = await OpenAsync();
        var before = await InsertAsync(service, "a", "b");
        await SqlAsync("UPDATE items SET data = '1' WHERE id = 'b'; DELETE FROM items WHERE id = 'a'");
        var expecting = new ItemUpdate { Key = Key, Insert = [NewItem("b")], Expected = before };
        var (status, after) = Assert.Single(await service.CommitAsync([expecting], CancellationToken.None));
        Assert.Equal(CommitStatus.Conflict, status);
        Assert.NotEqual(before.Epoch, after.Epoch);
        Assert.Equal(after with { Revision = after.Revision + 1 }, await InsertAsync(service, "b"));
        Assert.Equal(["""{"id":"b"}"""], Texts(await LoadAsync(service)));
    }

    [MariaDbFact]
    public async Task AResetRemovesAlsoWhatAnotherProgramAdded()
    {
        var service = await OpenAsync();
        await SqlAsync("INSERT INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'b', '1')");
        Assert.Equal(
            CommitStatus.Committed,
            Assert.Single(await service.CommitAsync([new() { Key = Key, Reset = true }], CancellationToken.None)).Status);
        Assert.Empty(await SqlAsync("SELECT * FROM items"));
        Assert.Empty((await LoadAsync(service)).Items);
    }

    [MariaDbTheory]
    [InlineData("CREATE TABLE items (id VARCHAR(64) PRIMARY KEY, data TEXT)", "id, data")]
    [InlineData("CREATE TABLE items (app VARCHAR(9), chnl VARCHAR(9), id VARCHAR(9), ctime TIMESTAMP, data TEXT)", "the key none")]
    [InlineData("CREATE VIEW items AS SELECT 1 AS app, 2 AS chnl, 3 AS id, 4 AS ctime, 5 AS data", "the key none")]
    [InlineData(Table + "ALTER TABLE items ADD COLUMN more INT INVISIBLE", "more")]
    [InlineData(Table + "CREATE TABLE items__store (format INT); INSERT INTO items__store VALUES (2)", "format 2")]
    [InlineData(
        "CREATE TABLE items (app VARCHAR(128), chnl VARCHAR(128), id VARCHAR(600), ctime TIMESTAMP, data TEXT, PRIMARY KEY (app, chnl, "
            + "id)) CHARACTER SET latin1;"
        + "INSERT INTO items (app, chnl, id) VALUES ('a', 'b', REPEAT('x', 600))",
        "too long")]
    public async Task AnotherProgramsTableIsRefusedAsItIs(string sql, string found)
    {
        await SqlAsync(sql);
        var before = await SqlAsync("SHOW CREATE TABLE items");
        var refusal = await RefusedAsync();
        Assert.Equal(ItemServiceFault.Unusable, refusal.Fault);
        Assert.Contains(Database.Name, refusal.Message);
        Assert.Contains(found, refusal.Message);
        Assert.Equal(before, await SqlAsync("SHOW CREATE TABLE items"));
    }

    private static async Task<List<CollectionKey>> ListAsync(MySqlItemService service)
    {
        var keys = new List<CollectionKey>();
        await foreach (var key in service.ListAsync(null, CancellationToken.None)) keys.Add(key);
        return [.. keys.OrderByDescending(key => key.App, StringComparer.Ordinal)];
    }
}

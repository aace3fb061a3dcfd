using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>
/// Which tables are the same ones: by what the server tells of them, at opening and on each new connection. The server is this class's own.
/// </summary>
public sealed class MySqlLineageTests : MySqlTests
{
    private const int HistoryReplaced = 3103;

    private MariaDbServer _server = null!;

    protected override async Task<MariaDbServer> ServerAsync() => _server = await MariaDbServer.StartAsync();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
    }

    [MariaDbFact]
    public async Task TablesWhoseFilesWereTouchedAreTheSame()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a", "b");
        var position = await RemoveAsync(service, "b");
        await CloseAsync(service);
        await NextSecondAsync();
        var before = await TimesAsync();
        await ServerProcess.RunAsync("chmod", ["600", .. _server.TableFiles(Database.Name)]);
        await SqlAsync("FLUSH TABLES");
        Assert.NotEqual(before, await TimesAsync());

        var collection = await LoadAsync(await OpenAsync());
        Assert.Equal(position, collection.Position);
        Assert.Single(collection.Tombstones);
        Assert.Empty(Log.Of(HistoryReplaced));
    }

    [MariaDbFact]
    public async Task WithoutTheRightToAskForNumbersTheTimesCount()
    {
        await _server.SqlAsync(
            $"CREATE DATABASE `{Database.Name}`; CREATE USER plain IDENTIFIED BY 'plain'; GRANT ALL ON `{Database.Name}`.* TO plain");
        var service = await OpenAsync(change: Plain);
        var position = await InsertAsync(service, "a");
        await CloseAsync(service);
        service = await OpenAsync(change: Plain);
        Assert.Equal(position, (await LoadAsync(service)).Position);

        await CloseAsync(service);
        await NextSecondAsync();
        await SqlAsync("OPTIMIZE TABLE items");
        Assert.NotEqual(position.Epoch, (await LoadAsync(await OpenAsync(change: Plain))).Position.Epoch);
        Assert.Single(Log.Of(HistoryReplaced));

        static void Plain(Dictionary<string, string> config) => (config["db_user"], config["db_password"]) = ("plain", "plain");
    }

    [MariaDbFact]
    public async Task ANewEpochBeginsWhollyOrNotAtAllWhileOthersServe()
    {
        var running = await OpenAsync();
        await InsertAsync(running, "a", "b");
        var position = await RemoveAsync(running, "b");
        var other = new CollectionKey("app", "other");
        await CommitAsync(running, new ItemUpdate { Key = other, Insert = [NewItem("o")] });
        await NextSecondAsync();
        await SqlAsync("OPTIMIZE TABLE items");

        // Another program holds a row. The opening waits for it, in vain: until then all is as it was.
        await using var holder = await ConnectAsync();
        await MariaDbServer.SqlAsync(holder, "START TRANSACTION; SELECT * FROM items__collections WHERE chnl = 'other' FOR UPDATE");
        Assert.Equal(ItemServiceFault.Unavailable, (await RefusedAsync(adjust: options => options with { LockSeconds = 1 })).Fault);
        var before = await LoadAsync(running);
        Assert.Equal(position, before.Position);
        Assert.Equal([new Tombstone("b", 2)], before.Tombstones);

        await MariaDbServer.SqlAsync(holder, "ROLLBACK");
        await OpenAsync();
        var after = await LoadAsync(running);
        Assert.NotEqual(position.Epoch, after.Position.Epoch);
        Assert.Equal((after.Position.Revision, 0), (after.HistoryStart, after.Tombstones.Count));
        Assert.Equal(after.Position.Epoch, (await LoadAsync(running, other)).Position.Epoch);
    }

    [MariaDbFact]
    public async Task HostsThatRunAreToldOfANewEpoch()
    {
        var (running, writer) = (await OpenAsync(), await OpenAsync());
        await using var follower = new Follower(running);
        var position = await InsertAsync(writer, "a");
        await follower.UntilAsync(() => follower.Told.ContainsKey(Key));
        await NextSecondAsync();
        await SqlAsync("OPTIMIZE TABLE items");
        await OpenAsync();
        await follower.UntilAsync(() => follower.Told[Key].Epoch != position.Epoch);
        Assert.Equal(follower.Told[Key], (await LoadAsync(running)).Position);
        Assert.Null(await follower.ReadAsync(Key, position));
    }

    [MariaDbFact]
    public async Task AReplicaThatWasBehindIsANewEpochWhenItIsConnectedTo()
    {
        await using var replica = await MariaDbServer.StartAsync();
        using var line = new Relay(_server.Port);
        var service = await OpenAsync(change: config => config["db_port"] = $"{line.Port}");
        await InsertAsync(service, "a");
        await CopyAsync(_server, replica);
        var lost = await InsertAsync(service, "lost");
        await _server.KillAsync();
        line.Target = replica.Port;

        var position = await InsertAsync(service, "new");
        Assert.Equal(lost.Revision, position.Revision);
        Assert.NotEqual(lost.Epoch, position.Epoch);
        Assert.Equal(["""{"id":"a"}""", """{"id":"new"}"""], Texts(await LoadAsync(service)));
        Assert.Contains(Database.Name, Assert.Single(Log.Of(HistoryReplaced)));
        await _server.StartAgainAsync(); // it is asked to drop the database
    }

    [MariaDbFact]
    public async Task NumbersOfCommitsHaveNoStepsWhateverTheServerIsSetTo()
    {
        await _server.SqlAsync("SET GLOBAL auto_increment_increment = 16, auto_increment_offset = 3");
        var service = await OpenAsync();
        for (var n = 0; n < 5; n++) await InsertAsync(service, $"{n}");
        Assert.Equal(["4"], await SqlAsync("SELECT MAX(seq) - MIN(seq) FROM items__commits"));
    }

    [MariaDbFact]
    public async Task OldCommitsGoAlsoWhereNumbersWereLeftOut()
    {
        var service = await OpenAsync();
        await SqlAsync(
            "INSERT INTO items__commits (collection, revision, seq, made) SELECT 999, seq, seq * 20, NOW() - INTERVAL 1 HOUR FROM "
                + "seq_1_to_700");
        await using var follower = new Follower(service);
        await follower.UntilAsync(() => SqlAsync("SELECT COUNT(*) FROM items__commits").Result is ["0"]);
    }

    [MariaDbFact]
    public async Task TheServersDefaultsForSessionsDoNotCount()
    {
        foreach (var setting in new[]
        {
            "completion_type = 1", "sql_safe_updates = 1", "sql_select_limit = 2", "max_statement_time = 0.001", "max_join_size = 1",
        })
        {
            await _server.SqlAsync($"SET GLOBAL {setting}");
            var table = setting.Split(' ')[0];
            var (one, two) = (
                await OpenAsync(change: config => config["db_table"] = table),
                await OpenAsync(change: config => config["db_table"] = table));
            await InsertAsync(one, "a", "b", "c", "d");
            Assert.Equal(4, (await LoadAsync(two)).Items.Count);
            await RemoveAsync(two, "a");
            Assert.Equal(3, (await LoadAsync(one)).Items.Count);
            Assert.Equal(3, (await CommitAsync(one, new ItemUpdate { Key = Key, Reset = true })).Revision);
            Assert.Empty((await LoadAsync(two)).Items);
            await _server.SqlAsync($"SET GLOBAL {table} = DEFAULT");
        }
    }

    [MariaDbFact]
    public async Task TablesAreKnownByAllTheirNumbersWhateverTheServerIsSetTo()
    {
        await _server.SqlAsync("SET GLOBAL group_concat_max_len = 4");
        var service = await OpenAsync();
        var position = await InsertAsync(service, "a");
        await CloseAsync(service);
        await SqlAsync("OPTIMIZE TABLE items__store"); // the last one in their order
        Assert.NotEqual(position.Epoch, (await LoadAsync(await OpenAsync())).Position.Epoch);
    }

    [MariaDbTheory]
    [InlineData("", "", 0)]
    [InlineData("--binlog-ignore-db=other", "", 1)] // names are not compared: it might be this one
    [InlineData("--binlog-do-db=other", "", 1)]
    [InlineData("", "plain", 1)]
    public async Task WhatIsReadIsOnDiskFirstUnlessTheBinaryLogSurelyHasIt(string filter, string user, int reads)
    {
        string[] filters = filter.Length == 0 ? [] : [filter];
        await using var server = await MariaDbServer.StartAsync(
            ["--log-bin=binary", "--binlog-format=ROW", "--server-id=1", "--sync-binlog=1", .. filters]);
        await server.SqlAsync(
            $"CREATE DATABASE `{Database.Name}`; CREATE USER plain IDENTIFIED BY 'plain'; GRANT ALL ON `{Database.Name}`.* TO plain");
        var service = await OpenAsync(change: config =>
        {
            config["db_port"] = $"{server.Port}";
            if (user.Length > 0) (config["db_user"], config["db_password"]) = (user, user);
        });
        await InsertAsync(service, "a");
        await LoadAsync(service);
        Assert.Equal([$"{reads}"], await server.SqlAsync("SELECT `reads` FROM items__commits", Database.Name));
        await CloseAsync(service);
    }

    [MariaDbFact]
    public async Task WhatIsReadIsOnDiskFirstAlsoWhereTheServerFlushesInGroups()
    {
        await _server.SqlAsync("SET GLOBAL innodb_flush_log_at_trx_commit = 3");
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        await LoadAsync(service);
        Assert.Equal(["1"], await SqlAsync("SELECT `reads` FROM items__commits"));
        Assert.Empty(Log.Of(3101));
    }

    [MariaDbFact]
    public async Task ATriggerThatTouchesWhatIsTakenOverEndsALoadInTime()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        await SqlAsync("CREATE TRIGGER touches BEFORE UPDATE ON items FOR EACH ROW SET NEW.touched = NOW(6)");
        await SqlAsync("UPDATE items SET data = '1'");
        var fault = await Assert.ThrowsAsync<ItemServiceException>(() => LoadAsync(service).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        Assert.Contains("all the time", fault.Message);
        await SqlAsync("DROP TRIGGER touches");
        Assert.Single((await LoadAsync(service)).Items);
    }

    private async Task<string> TimesAsync() =>
        (
            await SqlAsync(
                "SELECT GROUP_CONCAT(CREATE_TIME ORDER BY TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()")
        )[0];

    /// <summary>Times of creation are told in whole seconds.</summary>
    private async Task NextSecondAsync()
    {
        var now = await _server.SqlAsync("SELECT NOW()");
        while ((await _server.SqlAsync("SELECT NOW()"))[0] == now[0]) await Task.Delay(50);
    }

    /// <summary>What a replica has received by now.</summary>
    private async Task CopyAsync(MariaDbServer from, MariaDbServer to)
    {
        const string Options = "--no-defaults --host=127.0.0.1 --user=" + MariaDbServer.User;
        var command = string.Create(
            CultureInfo.InvariantCulture,
            $"mariadb-dump {Options} --port={from.Port} --single-transaction --databases '{Database.Name}' | mariadb {Options} "
                + $"--port={to.Port}");
        var start = new ProcessStartInfo("sh", ["-c", command]);
        start.Environment["MYSQL_PWD"] = MariaDbServer.Password;
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}

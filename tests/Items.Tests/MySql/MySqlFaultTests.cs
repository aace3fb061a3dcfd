using System.Diagnostics;
using MySqlConnector;
using SharedState.Items.MySql;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>What goes wrong in a database that others use, and with what its user wants of it.</summary>
public sealed class MySqlFaultTests : MySqlTests
{
    [MariaDbFact]
    public async Task ALockHeldByAnotherProgramIsUnavailableAndHeals()
    {
        var service = await OpenAsync(options => options with { LockSeconds = 1 });
        var position = await InsertAsync(service, "a");
        await using (var other = await ConnectAsync())
        {
            await MariaDbServer.SqlAsync(other, "START TRANSACTION; SELECT * FROM items__collections FOR UPDATE");
            var asked = Stopwatch.StartNew();
            var fault = await FailedAsync(service, new ItemUpdate { Key = Key, Insert = [NewItem("b")] });
            Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
            Assert.Contains("locked by another program", fault.Message);
            Assert.InRange(asked.Elapsed.TotalSeconds, 2.5, 7); // three attempts
            Assert.Equal(position, (await LoadAsync(service)).Position);
        }
        Assert.Equal(position with { Revision = 2 }, await InsertAsync(service, "b"));
    }

    [MariaDbFact]
    public async Task ADeadlockIsTriedAgainUnseen()
    {
        var service = await OpenAsync();
        var (first, second) = (new CollectionKey("app", "1"), new CollectionKey("app", "2"));
        ItemUpdate[] batch = [new() { Key = first, Insert = [NewItem("a")] }, new() { Key = second, Insert = [NewItem("a")] }];
        await service.CommitAsync(batch, CancellationToken.None);
        await using var other = await ConnectAsync();

        // The other one has changed more, so that it is the service that is told to begin again.
        await MariaDbServer.SqlAsync(other, """
            CREATE TABLE much (n INT PRIMARY KEY); START TRANSACTION; INSERT INTO much SELECT seq FROM seq_1_to_1000;
            SELECT * FROM items__collections WHERE app = 'app' AND chnl = '2' FOR UPDATE
            """);
        var commit = service.CommitAsync(batch, CancellationToken.None).AsTask();
        const string Waiting =
            "SELECT COUNT(*) FROM information_schema.INNODB_TRX JOIN information_schema.PROCESSLIST ON trx_mysql_thread_id = id "
            + "WHERE trx_state = 'LOCK WAIT' AND DB = DATABASE()";
        while ((await SqlAsync(Waiting))[0] == "0")
        {
            Assert.False(commit.IsCompleted);
        }
        var before = await DeadlocksAsync();
        await MariaDbServer.SqlAsync(other, "SELECT * FROM items__collections WHERE app = 'app' AND chnl = '1' FOR UPDATE");
        Assert.True(await DeadlocksAsync() > before);
        await MariaDbServer.SqlAsync(other, "COMMIT");
        Assert.All(await commit, result => Assert.Equal((CommitStatus.Committed, 2), (result.Status, result.Position.Revision)));

        async Task<long> DeadlocksAsync() =>
            long.Parse((await SqlAsync("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'"))[0].Split('|')[1], null);
    }

    [MariaDbFact]
    public async Task WhoWaitsForAConnectionIsToldInTimeThatNoneIsFree()
    {
        var service = await OpenAsync(options => options with { CommandSeconds = 1 }, config => config["db_pool_maxsize"] = "2");
        await InsertAsync(service, "a");
        await using (var other = await ConnectAsync())
        {
            await MariaDbServer.SqlAsync(other, "LOCK TABLES items WRITE");
            var asked = Stopwatch.StartNew();
            var loads = Enumerable.Range(0, 5).Select(_ => Assert.ThrowsAsync<ItemServiceException>(() => LoadAsync(service))).ToArray();
            Assert.All(await Task.WhenAll(loads), fault => Assert.Equal(ItemServiceFault.Unavailable, fault.Fault));
            Assert.Contains(loads, load => load.Result.Message.Contains("all connections", StringComparison.Ordinal));
            Assert.InRange(asked.Elapsed.TotalSeconds, 0.9, 8);

            // More than may wait: the last ones are told at once.
            asked.Restart();
            loads = [.. Enumerable.Range(0, 70).Select(_ => Assert.ThrowsAsync<ItemServiceException>(() => LoadAsync(service)))];
            await await Task.WhenAny(loads);
            Assert.InRange(asked.Elapsed.TotalSeconds, 0, 0.8);
            await Task.WhenAll(loads);
        }
        Assert.Single((await LoadAsync(service)).Items);
    }

    [MariaDbFact]
    public async Task AnAnswerThatLacksAResultIsNotWaitedFor()
    {
        await InsertAsync(await OpenAsync(), "a");
        await using var connection = await ConnectAsync();
        using var command = new MySqlCommand("SET wait_timeout = 60; SET lock_wait_timeout = 5", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var fault = await Assert.ThrowsAsync<ItemServiceException>(
            () => Task.Run(() => Results.ToColumnsAsync(reader, CancellationToken.None)).WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
    }

    [MariaDbFact]
    public async Task ALostConnectionIsToldFromADefectOfThePlugin()
    {
        await InsertAsync(await OpenAsync(), "a");
        await using var connection = await ConnectAsync();
        await connection.CloseAsync();
        using var command = new MySqlCommand("SELECT 1", connection);
        var lost = await Assert.ThrowsAsync<InvalidOperationException>(() => command.ExecuteScalarAsync());
        Assert.True(Faults.IsForeign(lost) && Faults.IsConnectionLost(lost));

        // Not to be tried again on each connection of the pool, nor told as an outage.
        var defect = Assert.ThrowsAny<InvalidOperationException>(() => Array.Empty<int>().First());
        Assert.False(Faults.IsForeign(defect) || Faults.IsConnectionLost(defect));
    }

    [MariaDbFact]
    public async Task AThousandUpdatesAreAFewStatementsAndOneCommit()
    {
        await using var server = await MariaDbServer.StartAsync();
        var service = new MySqlItemService();
        var database = await TestDatabase.CreateAsync(server);
        await service.OpenAsync(new ItemServiceContext { ServiceName = "items", Config = database.Config(), BaseDirectory = "/", Logger = Log }, CancellationToken.None);
        ItemUpdate[] batch = [.. Enumerable.Range(0, 1000).Select(n => new ItemUpdate { Key = Key, Insert = [NewItem($"{n}")] })];
        await service.CommitAsync(batch, CancellationToken.None);

        var before = await CountsAsync();
        await service.CommitAsync(batch, CancellationToken.None);
        var after = await CountsAsync();
        Assert.Equal(1, after["Com_commit"] - before["Com_commit"]);
        Assert.Equal(2, after["Com_replace"] - before["Com_replace"]);
        Assert.InRange(after["Com_select"] - before["Com_select"], 3, 4);
        await service.DisposeAsync();

        async Task<Dictionary<string, long>> CountsAsync() =>
            (await database.SqlAsync("SHOW GLOBAL STATUS LIKE 'Com\\_%'"))
                .Select(row => row.Split('|'))
                .ToDictionary(row => row[0], row => long.Parse(row[1], null));
    }

    [MariaDbFact]
    public async Task AWrongPasswordIsTheOperatorsMistake()
    {
        var refusal = await RefusedAsync(config => config["db_password"] = "secret of somebody");
        Assert.Equal((ItemServiceFault.Config, "db_password"), (refusal.Fault, refusal.ConfigKey));
        Assert.Contains(MariaDbServer.User, refusal.Message);
        Assert.DoesNotContain("secret of somebody", refusal.ToString());
    }

    [MariaDbFact]
    public async Task ADatabaseThatTheUserMayNotCreateIsRefusedWithTheStatements()
    {
        await Database.Server.SqlAsync("CREATE OR REPLACE USER nobody IDENTIFIED BY 'x'");
        var refusal = await RefusedAsync(config => (config["db_user"], config["db_password"]) = ("nobody", "x"));
        Assert.Equal((ItemServiceFault.Config, "db_name"), (refusal.Fault, refusal.ConfigKey));
        Assert.Contains($"CREATE DATABASE IF NOT EXISTS `{Database.Name}`", refusal.Message);
    }

    [MariaDbTheory]
    [InlineData("db_name", "", "db_name")]
    [InlineData("db_name", "a`b", "db_name")]
    [InlineData("db_name", null, "db_name")]
    [InlineData("db_table", "items; DROP TABLE items", "db_table")]
    [InlineData("db_table", "ä", "db_table")]
    [InlineData("db_host", "", "db_host")]
    [InlineData("db_host", "a b", "db_host")]
    [InlineData("db_port", "0", "db_port")]
    [InlineData("db_port", "x", "db_port")]
    [InlineData("db_user", null, "db_user")]
    [InlineData("db_pool_minsize", "11", "db_pool_minsize")]
    [InlineData("db_pool_maxsize", "0", "db_pool_maxsize")]
    [InlineData("ssl.enabled", "yes", "ssl.enabled")]
    public async Task AMistakeInTheConfigurationIsNamed(string key, string? value, string named)
    {
        var refusal = await RefusedAsync(config =>
        {
            config.Remove(key);
            if (value is not null) config[key] = value;
        });
        Assert.Equal((ItemServiceFault.Config, named), (refusal.Fault, refusal.ConfigKey));
        Assert.Contains($"\"{named}\"", refusal.Message);
    }

    [MariaDbFact]
    public async Task ABinaryLogOfStatementsIsRefused()
    {
        await using var server = await MariaDbServer.StartAsync("--log-bin=binary", "--binlog-format=STATEMENT", "--server-id=1");
        var refusal = await RefusedAsync(config => config["db_port"] = $"{server.Port}");
        Assert.Equal(ItemServiceFault.Unusable, refusal.Fault);
        Assert.Contains("binlog_format", refusal.Message);
    }

    [MariaDbFact]
    public async Task AServerThatIsNotThereIsUnavailable()
    {
        var refusal = await RefusedAsync(config => config["db_port"] = "1");
        Assert.Equal(ItemServiceFault.Unavailable, refusal.Fault);
        Assert.Contains("127.0.0.1:1 can't be reached (", refusal.Message);
        Assert.EndsWith("): is it running, and are db_host and db_port right?", refusal.Message);
        Assert.Null(refusal.InnerException); // the driver's "any of the specified hosts" would be shown behind it
    }
}

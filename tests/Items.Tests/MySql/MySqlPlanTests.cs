using SharedState.Items.MySql;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>What opening would do to a database, told without doing it.</summary>
public sealed class MySqlPlanTests : MySqlTests
{
    private const string Table =
        "CREATE TABLE items (app VARCHAR(128) NOT NULL, chnl VARCHAR(128) NOT NULL, id VARCHAR(64) NOT NULL, ctime TIMESTAMP DEFAULT "
        + "CURRENT_TIMESTAMP, data TEXT, PRIMARY KEY (app, chnl, id)) CHARACTER SET latin1 ENGINE=MyISAM;";

    [MariaDbFact]
    public async Task ThePlanForAnExistingTableTellsStatementsRowsAndBytesAndLeavesItAsItIs()
    {
        await Database.Server.SqlAsync($"CREATE DATABASE `{Database.Name}` CHARACTER SET latin1");
        await SqlAsync(Table + "INSERT INTO items (app, chnl, id, data) VALUES ('app', 'a', '1', '{}'), ('app', 'a', '2', '{}')");
        var before = await DescribeAsync();
        var plan = await PlanAsync();
        Assert.Equal(before, await DescribeAsync());

        var altered = Assert.Single(plan, change => change.Alters && change.Statement.Contains("ENGINE=InnoDB", StringComparison.Ordinal));
        Assert.Equal(2, altered.Rows);
        Assert.InRange(altered.Bytes!.Value, 1, 1 << 20);
        Assert.Equal(TimeSpan.FromSeconds(1), altered.Duration);
        Assert.Equal(4, plan.Count(change => change.Statement.StartsWith("CREATE TABLE `items__", StringComparison.Ordinal)));

        // What was told is what is done, and then there is nothing left.
        var service = await OpenAsync();
        Assert.Equal(2, (await LoadAsync(service, new("app", "a"))).Items.Count);
        Assert.Contains("InnoDB", await DescribeAsync(), StringComparison.Ordinal);
        Assert.Empty(await PlanAsync());
    }

    [MariaDbFact]
    public async Task ThePlanForADatabaseThatIsNotThereDoesNotMakeIt()
    {
        var plan = await PlanAsync();
        Assert.StartsWith($"CREATE DATABASE IF NOT EXISTS `{Database.Name}`", plan[0].Statement, StringComparison.Ordinal);
        Assert.DoesNotContain(plan, change => change.Alters);
        Assert.Equal(6, plan.Count);
        Assert.Empty(await Database.Server.SqlAsync($"SHOW DATABASES LIKE '{Database.Name}'"));
    }

    [MariaDbFact]
    public async Task ThePlanFindsAWrongPassword()
    {
        var config = Database.Config();
        config["db_password"] = "wrong";
        var refusal = await Assert.ThrowsAsync<ItemServiceException>(() => PlanAsync(config));
        Assert.Equal(ItemServiceFault.Config, refusal.Fault);
    }

    private async Task<string> DescribeAsync() => string.Join('\n', await SqlAsync("SHOW TABLES; SHOW CREATE TABLE items"));

    private async Task<IReadOnlyList<StorageChange>> PlanAsync(Dictionary<string, string>? config = null)
    {
        await using var service = new MySqlItemService();
        var context = new ItemServiceContext
        {
            ServiceName = "items",
            Config = config ?? Database.Config(),
            BaseDirectory = "/",
            Logger = Log,
        };
        return (await service.PlanAsync(context, CancellationToken.None))!;
    }
}

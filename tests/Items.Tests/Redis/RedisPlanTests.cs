using SharedState.Items.Redis;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>What opening would do to a Redis, told without a write.</summary>
public sealed class RedisPlanTests : RedisTests
{
    private static readonly Layout _layout = new("items");

    [RedisFact]
    public async Task ThePlanForAnEmptyServerNamesTheMarksAndWritesNone()
    {
        var server = await StartAsync();
        var change = Assert.Single(await PlanAsync(server));
        Assert.Equal(("64 keys {items:*}:mark, which tell when history was lost", false), (change.Statement, change.Alters));
        Assert.Equal(0, await server.Admin.DatabaseSizeAsync());

        await OpenAsync(server);
        Assert.Equal(64, await server.Admin.DatabaseSizeAsync());
        Assert.Empty(await PlanAsync(server));
    }

    [RedisFact]
    public async Task ThePlanNamesTheMarksThatAreMissing()
    {
        var server = await StartAsync();
        await CloseAsync(await OpenAsync(server));
        await server.Database.KeyDeleteAsync([_layout.All[3].Mark, _layout.All[5].Mark]);
        Assert.StartsWith("2 keys", Assert.Single(await PlanAsync(server)).Statement);
        Assert.Equal(62, await server.Admin.DatabaseSizeAsync());
    }

    [RedisFact]
    public async Task APlanIsRefusedWhereOpeningWouldBe()
    {
        var server = await StartAsync();
        await server.Database.HashSetAsync(_layout.All[7].Mark, "format", "2");
        var refusal = await Assert.ThrowsAsync<ItemServiceException>(() => PlanAsync(server));
        Assert.Equal(ItemServiceFault.Unusable, refusal.Fault);
        Assert.Equal(refusal.Message, (await RefusedAsync(server.Config())).Message);
        Assert.Equal(1, await server.Admin.DatabaseSizeAsync());

        await server.KillAsync();
        Assert.Equal(ItemServiceFault.Unavailable, (await Assert.ThrowsAsync<ItemServiceException>(() => PlanAsync(server))).Fault);
    }

    [RedisFact]
    public async Task APlanOfAUserWithoutRightsNamesTheMissingOnes()
    {
        var server = await StartAsync();
        await server.ExecuteAsync("ACL", "SETUSER", "reader", "on", ">password", "~*", "&*", "+@all", "-hset");
        var config = new Dictionary<string, string>(server.Config()) { ["db_user"] = "reader", ["db_password"] = "password" };
        var refusal = await Assert.ThrowsAsync<ItemServiceException>(() => PlanAsync(server, config));
        Assert.Equal((ItemServiceFault.Config, "db_user"), (refusal.Fault, refusal.ConfigKey));
        Assert.Contains("+hset", refusal.Message);
    }

    private async Task<IReadOnlyList<StorageChange>> PlanAsync(RedisServer server, IReadOnlyDictionary<string, string>? config = null)
    {
        await using var service = new RedisItemService();
        var context = new ItemServiceContext
        {
            ServiceName = "items",
            Config = config ?? server.Config(),
            BaseDirectory = Path.GetTempPath(),
            Logger = Log,
        };
        return (await service.PlanAsync(context, CancellationToken.None))!;
    }
}

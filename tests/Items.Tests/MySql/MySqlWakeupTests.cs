using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>Hosts that wake each other through Redis.</summary>
public sealed class MySqlWakeupTests : MySqlTests
{
    private const string Password = "geheim";

    [WakeupFact]
    public async Task ACommitWakesTheOtherHostsWhichElseWouldNotAsk()
    {
        await using var redis = await RedisServer.StartAsync(["--requirepass", Password], admin => admin.Password = Password);
        var (writer, reader) = (await OpenAsync(redis, TimeSpan.FromHours(1)), await OpenAsync(redis, TimeSpan.FromHours(1)));
        await using var follower = new Follower(reader);
        await follower.NextAsync();
        for (var n = 0; n < 50; n++)
        {
            var position = await InsertAsync(writer, $"{n}");
            await follower.UntilAsync(() => follower.Told.GetValueOrDefault(Key) == position);
        }
        Assert.Empty(Log.Of(3108));
    }

    [WakeupFact]
    public async Task WithoutRedisHostsAskAsUsualAndItIsSaidOnce()
    {
        await using var redis = await RedisServer.StartAsync();
        var (writer, reader) = (await OpenAsync(redis), await OpenAsync(redis));
        await using var follower = new Follower(reader);
        await InsertAsync(writer, "a");
        await follower.UntilAsync(() => follower.Told.ContainsKey(Key));

        await redis.KillAsync();
        await follower.UntilAsync(() => Log.Of(3108).Length == 2); // each of the two hosts
        for (var n = 0; n < 20; n++)
        {
            var position = await InsertAsync(writer, $"{n}");
            await follower.UntilAsync(() => follower.Told[Key] == position);
        }
        Assert.Equal(2, Log.Of(3108).Length);
        Assert.DoesNotContain(Log.Of(3108), line => line.Contains(Password, StringComparison.Ordinal));

        await redis.StartAgainAsync();
        await follower.UntilAsync(() => Log.Of(3109).Length == 2);
    }

    [WakeupFact]
    public async Task ARedisThatIsNotThereYetDelaysNothingAndWakesWhenItIs()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.KillAsync();
        var (writer, reader) = (await OpenAsync(redis), await OpenAsync(redis));
        await using var follower = new Follower(reader);
        var position = await InsertAsync(writer, "a");
        await follower.UntilAsync(() => follower.Told.GetValueOrDefault(Key) == position);
        await follower.UntilAsync(() => Log.Of(3108).Length == 2);
        await redis.StartAgainAsync();
        await follower.UntilAsync(() => Log.Of(3109).Length == 2);
        // Each has two connections, of which the one that listens may be the second to come back.
        await follower.UntilAsync(async () =>
            (int)(await redis.ExecuteAsync("PUBSUB", "NUMSUB", $"sharedstate:{Database.Name}:items"))[1] == 2);
    }

    [MariaDbFact]
    public async Task ARedisThatIsNowhereIsNoFaultOfTheService()
    {
        var service = await OpenAsync(change: config => config["wakeup"] = $"nowhere.invalid:1,password={Password}");
        await using var follower = new Follower(service);
        var position = await InsertAsync(service, "a");
        await follower.UntilAsync(() => follower.Told.GetValueOrDefault(Key) == position);
        await CloseAsync(service);
    }

    [MariaDbTheory]
    [InlineData("localhost:6379,pasword=" + Password)]
    [InlineData("password=" + Password)]
    [InlineData("localhost:6379,ssl=" + Password)]
    public async Task AMistakeIsNamedWithoutThePassword(string value)
    {
        var refusal = await RefusedAsync(config => config["wakeup"] = value);
        Assert.Equal((ItemServiceFault.Config, "wakeup"), (refusal.Fault, refusal.ConfigKey));
        Assert.DoesNotContain(Password, refusal.ToString());
    }

    private Task<SharedState.Items.MySql.MySqlItemService> OpenAsync(RedisServer redis, TimeSpan? interval = null) => OpenAsync(
        options => interval is { } poll ? options with { PollInterval = poll } : options,
        config => config["wakeup"] = $"127.0.0.1:{redis.Port},password={Password},allowAdmin=false");
}

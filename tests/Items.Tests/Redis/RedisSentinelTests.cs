using Xunit;

namespace SharedState.Items.Tests;

/// <summary>A master, its replica, and a Sentinel that makes the replica the master.</summary>
public sealed class RedisSentinelTests : RedisTests
{
    [RedisFact]
    public async Task AfterAFailoverTheNewMasterIsFoundAndNothingThatItHadIsLost()
    {
        var master = await StartAsync();
        var replica = await StartAsync("--replicaof", "127.0.0.1", $"{master.Port}");
        await using var sentinel = new ServerProcess();
        var port = ServerProcess.FreePort();
        var settings = Path.Combine(sentinel.Folder, "sentinel.conf");
        await File.WriteAllTextAsync(settings, $"""
            port {port}
            bind 127.0.0.1
            dir {sentinel.Folder}
            logfile {sentinel.Folder}/log
            sentinel monitor mymaster 127.0.0.1 {master.Port} 1
            sentinel down-after-milliseconds mymaster 500
            sentinel failover-timeout mymaster 5000

            """);
        await sentinel.StartAsync(ServerProcess.Find("redis-server")!, settings, "--sentinel");
        var config = master.Config();
        config["db_host"] = $"127.0.0.1:{port},serviceName=mymaster";
        await UntilAsync(
            async () => (await replica.Admin.InfoRawAsync("replication"))!.Contains("master_link_status:up", StringComparison.Ordinal),
            "the replica follows");
        SharedState.Items.Redis.RedisItemService? service = null;
        await UntilAsync(async () => (service = await OpenAsync(config)) is not null, "the Sentinel knows the master");
        var before = await InsertAsync(service!, "a");
        await UntilAsync(
            async () => await replica.Database.KeyExistsAsync(new SharedState.Items.Redis.Layout("items").Of(Key).Meta),
            "the replica has it");
        await UntilAsync(
            () => Task.FromResult(File.ReadAllText(settings).Contains("known-replica", StringComparison.Ordinal)),
            "the Sentinel knows the replica");

        await master.KillAsync();
        var after = default(Position);
        await UntilAsync(async () => (after = await InsertAsync(service!, "b")).Revision > 1, "the replica is the master");

        // It can't be known whether another host had seen more: the epoch is another one.
        Assert.Equal(2, after.Revision);
        Assert.NotEqual(before.Epoch, after.Epoch);
        Assert.Equal(["a", "b"], await IdsAsync(service!));
        Assert.Contains("role:master", await replica.Admin.InfoRawAsync("replication"));
        Assert.Empty(Log.Of(HistoryReplaced));
        Assert.Single(Log.Of(HistoryBranched));
    }
}

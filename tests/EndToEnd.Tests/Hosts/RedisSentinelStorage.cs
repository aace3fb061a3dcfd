using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;
using StackExchange.Redis;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A Redis with a replica, and a Sentinel that makes the replica the master.</summary>
internal sealed class RedisSentinelStorage : IReplicatedStorage
{
    private const string Name = "mymaster";

    /// <summary>
    /// After so long without an answer the Sentinel acts by itself: never here, where it is told that the master is gone, because a restart
    /// may take a while.
    /// </summary>
    private const int DownMilliseconds = 60_000;

    private readonly ServerProcess _sentinel = new();
    private readonly int _port = ServerProcess.FreePort();
    private RedisServer _master, _replica;
    private string _copy = "";
    private bool _isBehind;

    private RedisSentinelStorage(RedisServer master, RedisServer replica) => (_master, _replica) = (master, replica);

    public string Config => $$"""{"db_type": "redis", "db_host": "127.0.0.1:{{_port}},serviceName={{Name}}", "db_table": "items"}""";

    public static async Task<RedisSentinelStorage> StartAsync()
    {
        var master = await RedisServer.StartAsync();
        var replica = await RedisServer.StartAsync();
        await replica.ExecuteAsync("REPLICAOF", "127.0.0.1", master.Port);
        var storage = new RedisSentinelStorage(master, replica);
        var settings = Path.Combine(storage._sentinel.Folder, "sentinel.conf");
        await File.WriteAllTextAsync(settings, $"""
            port {storage._port}
            bind 127.0.0.1
            dir {storage._sentinel.Folder}
            logfile {storage._sentinel.Folder}/log
            sentinel monitor {Name} 127.0.0.1 {master.Port} 1
            sentinel down-after-milliseconds {Name} {DownMilliseconds}
            sentinel failover-timeout {Name} 2000

            """);
        await storage._sentinel.StartAsync(ServerProcess.Find("redis-server")!, settings, "--sentinel");
        await storage.FollowedAsync();
        return storage;
    }

    public Task KillAsync() => _master.KillAsync();

    public Task StartAgainAsync() => _master.StartAgainAsync();

    public async Task FallBehindAsync()
    {
        await FollowedAsync();
        await _replica.ExecuteAsync("REPLICAOF", "127.0.0.1", "1");
        _isBehind = true;
    }

    public async Task FailOverAsync()
    {
        if (!_isBehind) await FollowedAsync();
        _isBehind = false;
        await _master.KillAsync();
        await ServerProcess.RunAsync("redis-cli", "-e", "-p", $"{_port}", "SENTINEL", "FAILOVER", Name);
        await Wait.UntilAsync(() => SaysAsync("role:master"), "the Sentinel promotes the replica");
        await Wait.UntilAsync(() => Knows(_replica), "the Sentinel ends the failover");
        (_master, _replica) = (_replica, _master);
        (_master.Follows, _replica.Follows) = (null, _master.Port);
        await _replica.StartAgainAsync();
    }

    public async Task CopyAsync() => _copy = await _master.CopyAsync();

    public Task RestoreAsync() => _master.RestoreAsync(_copy);

    public Task<SortedDictionary<string, string>> ReadAsync(string collection) => RedisStorage.ReadAsync(_master, collection);

    public async ValueTask DisposeAsync()
    {
        await _sentinel.DisposeAsync();
        await _replica.DisposeAsync();
        await _master.DisposeAsync();
    }

    /// <summary>Returns when the replica follows the master, and the Sentinel knows of both.</summary>
    private async Task FollowedAsync()
    {
        await Wait.UntilAsync(() => SaysAsync("master_link_status:up"), "the replica follows");
        await Wait.UntilAsync(
            () => Settings().Contains($"known-replica {Name} 127.0.0.1 {_replica.Port}", StringComparison.Ordinal),
            "the Sentinel knows the replica");
    }

    private async Task<bool> SaysAsync(string line)
    {
        try
        {
            return (await _replica.Admin.InfoRawAsync("replication"))!.Contains(line, StringComparison.Ordinal);
        }
        catch (RedisException)
        {
            return false; // it ends its connections when it becomes the master
        }
    }

    /// <summary>Whether a server is the master that the Sentinel names.</summary>
    private bool Knows(RedisServer master) => Settings().Contains($"monitor {Name} 127.0.0.1 {master.Port} ", StringComparison.Ordinal);

    /// <summary>What the Sentinel keeps in its file.</summary>
    private string Settings() => File.ReadAllText(Path.Combine(_sentinel.Folder, "sentinel.conf"));
}

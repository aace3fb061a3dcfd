using System.Globalization;
using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;
using SharedState.Items.Tests.MySql;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A MariaDB with a replica, at an address that leads to whichever is the primary.</summary>
internal sealed class MariaDbReplicaStorage : IReplicatedStorage
{
    private readonly Relay _address;
    private MariaDbServer _primary, _replica;
    private string _copy = "";
    private int _servers = 2;

    private MariaDbReplicaStorage(MariaDbServer primary, MariaDbServer replica)
    {
        (_primary, _replica) = (primary, replica);
        _address = new Relay(primary.Port);
    }

    public string Config => MariaDbStorage.ConfigAt(_address.Port);

    public static async Task<MariaDbReplicaStorage> StartAsync()
    {
        var storage = new MariaDbReplicaStorage(await ServerAsync(1), await ServerAsync(2));
        await storage.FollowAsync();
        return storage;
    }

    public Task KillAsync() => _primary.KillAsync();

    public Task StartAgainAsync() => _primary.StartAgainAsync();

    public async Task FallBehindAsync()
    {
        await FollowedAsync();
        await _replica.SqlAsync("STOP SLAVE");
    }

    public async Task FailOverAsync()
    {
        await _primary.DisposeAsync();
        await _replica.SqlAsync("STOP SLAVE; RESET SLAVE ALL");
        _primary = _replica;
        _address.Target = _primary.Port;
        _replica = await ServerAsync(++_servers);
        await FollowAsync();
    }

    public async Task CopyAsync() => _copy = await _primary.CopyAsync();

    public Task RestoreAsync() => _primary.RestoreAsync(_copy);

    public Task<SortedDictionary<string, string>> ReadAsync(string collection) => MariaDbStorage.ReadAsync(_primary, collection);

    public async ValueTask DisposeAsync()
    {
        _address.Dispose();
        await _replica.DisposeAsync();
        await _primary.DisposeAsync();
    }

    private static Task<MariaDbServer> ServerAsync(int id) => MariaDbServer.StartAsync(
        $"--server-id={id.ToString(CultureInfo.InvariantCulture)}",
        "--log-bin=binary", "--log-slave-updates", "--binlog-format=ROW", "--sync-binlog=1");

    private async Task FollowAsync() => await _replica.SqlAsync($"""
        CHANGE MASTER TO master_host = '127.0.0.1', master_port = {_primary.Port}, master_user = '{MariaDbServer.User}',
            master_password = '{MariaDbServer.Password.Replace("'", "''", StringComparison.Ordinal)}',
            master_connect_retry = 1, master_use_gtid = slave_pos;
        START SLAVE
        """);

    /// <summary>Returns when the replica has all that the primary has by now.</summary>
    private async Task FollowedAsync()
    {
        var now = (await _primary.SqlAsync("SELECT @@gtid_binlog_pos"))[0];
        await Wait.UntilAsync(async () => await _replica.SqlAsync($"SELECT MASTER_GTID_WAIT('{now}', 0)") is ["0"], "the replica follows");
    }
}

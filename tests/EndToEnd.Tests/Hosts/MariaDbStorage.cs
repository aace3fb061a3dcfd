using System.Text.Json;
using SharedState.Items.Tests.MySql;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A MariaDB that several hosts share.</summary>
internal sealed class MariaDbStorage : ISharedStorage
{
    private readonly MariaDbServer _server;

    private MariaDbStorage(MariaDbServer server) => _server = server;

    public string Config => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["db_type"] = "mariadb",
        ["db_host"] = "127.0.0.1",
        ["db_port"] = _server.Port,
        ["db_name"] = "sharedstate",
        ["db_table"] = "items",
        ["db_user"] = MariaDbServer.User,
        ["db_password"] = MariaDbServer.Password,
    });

    public static async Task<MariaDbStorage> StartAsync() => new MariaDbStorage(await MariaDbServer.StartAsync());

    public Task KillAsync() => _server.KillAsync();

    public Task StartAgainAsync() => _server.StartAgainAsync();

    public async Task<SortedDictionary<string, string>> ReadAsync(string collection)
    {
        var rows = await _server.SqlAsync($"SELECT id, data FROM items WHERE app = 'app' AND chnl = '{collection}'", "sharedstate");
        return new(rows.Select(row => row.Split('|', 2)).ToDictionary(row => row[0], row => row[1]), StringComparer.Ordinal);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

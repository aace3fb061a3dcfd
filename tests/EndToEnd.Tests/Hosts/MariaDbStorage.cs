using System.Text.Json;
using SharedState.Items.Tests.MySql;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A MariaDB that several hosts share.</summary>
internal sealed class MariaDbStorage : ISharedStorage
{
    private readonly MariaDbServer _server;

    private MariaDbStorage(MariaDbServer server) => _server = server;

    public string Config => ConfigAt(_server.Port);

    public static async Task<MariaDbStorage> StartAsync() => new MariaDbStorage(await MariaDbServer.StartAsync());

    public Task KillAsync() => _server.KillAsync();

    public Task StartAgainAsync() => _server.StartAgainAsync();

    public Task<SortedDictionary<string, string>> ReadAsync(string collection) => ReadAsync(_server, collection);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>The configuration of a service whose database is at a port.</summary>
    public static string ConfigAt(int port) => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["db_type"] = "mariadb",
        ["db_host"] = "127.0.0.1",
        ["db_port"] = port,
        ["db_name"] = "sharedstate",
        ["db_table"] = "items",
        ["db_user"] = MariaDbServer.User,
        ["db_password"] = MariaDbServer.Password,
    });

    /// <summary>See <see cref="ISharedStorage.ReadAsync"/>.</summary>
    public static async Task<SortedDictionary<string, string>> ReadAsync(MariaDbServer server, string collection)
    {
        var rows = await server.SqlAsync($"SELECT id, data FROM items WHERE app = 'app' AND chnl = '{collection}'", "sharedstate");
        return new(rows.Select(row => row.Split('|', 2)).ToDictionary(row => row[0], row => row[1]), StringComparer.Ordinal);
    }
}

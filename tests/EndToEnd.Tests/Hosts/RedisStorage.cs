using SharedState.Items.Tests;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A redis-server that several hosts share.</summary>
internal sealed class RedisStorage : ISharedStorage
{
    private readonly RedisServer _server;

    private RedisStorage(RedisServer server) => _server = server;

    public int Port => _server.Port;

    public string Config => $$"""{"db_type": "redis", "db_host": "127.0.0.1", "db_port": {{Port}}, "db_table": "items"}""";

    public static async Task<RedisStorage> StartAsync() => new RedisStorage(await RedisServer.StartAsync());

    public Task KillAsync() => _server.KillAsync();

    public Task StartAgainAsync() => _server.StartAgainAsync();

    public Task<SortedDictionary<string, string>> ReadAsync(string collection) => ReadAsync(_server, collection);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>See <see cref="ISharedStorage.ReadAsync"/>.</summary>
    public static async Task<SortedDictionary<string, string>> ReadAsync(RedisServer server, string collection)
    {
        var items = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var key in server.Admin.Keys(pattern: $"{{items:*}}:items:app/{collection}"))
        {
            // The revision, a blank, the JSON.
            foreach (var item in await server.Database.HashGetAllAsync(key)) items.Add(item.Name!, ((string)item.Value!).Split(' ', 2)[1]);
        }
        return items;
    }
}

using System.Text.Json;
using Items.Postgres.Tests;
using SharedState.Host.Tests;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A PostgreSQL that several hosts share, through the sample: a plugin that does not come with the host, in the folder that its
/// build made.</summary>
internal sealed class PostgresStorage : ISharedStorage
{
    private const string Schema = "items";

    private readonly PostgresServer _server;

    private PostgresStorage(PostgresServer server) => _server = server;

    public string Config
    {
        get
        {
            var config = _server.Config(Schema).ToDictionary(entry => entry.Key, entry => (object)entry.Value);
            config["db_type"] = "postgres";
            config["db_port"] = _server.Port;
            return JsonSerializer.Serialize(config);
        }
    }

    /// <summary>Of the same build as these tests, which are in EndToEnd.Tests/bin/Debug/net10.0.</summary>
    public string[] PluginFolders { get; } =
    [
        Path.Combine([
            Repository.At("samples", "Items.Postgres"),
            .. Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory).Split(Path.DirectorySeparatorChar)[^3..],
        ]),
    ];

    public static async Task<PostgresStorage> StartAsync() => new PostgresStorage(await PostgresServer.StartNewAsync());

    public Task KillAsync()
    {
        _server.Kill();
        return Task.CompletedTask;
    }

    public Task StartAgainAsync() => _server.StartAsync();

    public async Task<SortedDictionary<string, string>> ReadAsync(string collection)
    {
        var items = await _server.ExecuteAsync(
            $"""
            SELECT coalesce(json_object_agg(convert_from(i.id, 'UTF8'), convert_from(i.json, 'UTF8')), json_build_object())::text
            FROM {Schema}.items i JOIN {Schema}.collections c ON c.id = i.collection
            WHERE c.app = 'app' AND c.name = '{collection}'
            """);
        return new(JsonSerializer.Deserialize<Dictionary<string, string>>((string)items!)!, StringComparer.Ordinal);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

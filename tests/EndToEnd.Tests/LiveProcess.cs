using SharedState.Host.Tests;

namespace SharedState.EndToEnd.Tests;

/// <summary>The real host on a folder of its own, with the services <c>items</c> in a file and <c>mitems</c> in memory; it can be ended and started again.</summary>
internal sealed class LiveProcess : IDisposable
{
    private const string Config = """
        {"service": {"host": "127.0.0.1", "port": 0},
         "services": [
           {"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "items.db", "db_table": "items"}},
           {"name": "mitems", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:", "db_table": "items"}}]}
        """;

    private HostProcess? _process;

    public TempFolder Folder { get; } = new();

    /// <summary>Where it listens, since it was last started.</summary>
    public Uri Url { get; private set; } = null!;

    public HostProcess Process => _process!;

    public static async Task<LiveProcess> StartAsync()
    {
        var live = new LiveProcess();
        live.Folder.Write("my.json", Config);
        await live.StartAgainAsync();
        return live;
    }

    public async Task StartAgainAsync()
    {
        _process?.Dispose();
        _process = HostProcess.Start(Folder.FullName, ["my.json"]);
        Url = new UriBuilder(await _process.UriAsync()) { Scheme = "ws" }.Uri;
    }

    public void Dispose()
    {
        _process?.Dispose();
        Folder.Dispose();
    }
}

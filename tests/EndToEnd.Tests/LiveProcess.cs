using SharedState.Host.Tests;

namespace SharedState.EndToEnd.Tests;

/// <summary>The real host in a folder of its own, with the services <c>items</c> in a file and <c>mitems</c> in memory. Tests end it and
/// start it again.</summary>
internal sealed class LiveProcess : IDisposable
{
    private const string Config = """
        {"service": {"host": "127.0.0.1", "port": 0, "limits": LIMITS},
         "services": [
           {"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "DATABASE", "db_table": "items"}},
           {"name": "mitems", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:", "db_table": "items"}}]}
        """;

    private HostProcess? _process;
    private int _descriptors;

    public TempFolder Folder { get; } = new();

    /// <summary>The address of the host since its last start.</summary>
    public Uri Url { get; private set; } = null!;

    public HostProcess Process => _process!;

    /// <param name="limits">The configuration's limits, a JSON object.</param>
    /// <param name="descriptors">How many files and sockets the process may have open; 0 for as many as the tests.</param>
    /// <param name="database">The file of <c>items</c>.</param>
    public static async Task<LiveProcess> StartAsync(string limits = "{}", int descriptors = 0, string database = "items.db")
    {
        var live = new LiveProcess { _descriptors = descriptors };
        live.Folder.Write(
            "my.json", Config.Replace("LIMITS", limits, StringComparison.Ordinal).Replace("DATABASE", database, StringComparison.Ordinal));
        await live.StartAgainAsync();
        return live;
    }

    public async Task StartAgainAsync()
    {
        _process?.Dispose();
        _process = _descriptors == 0
            ? HostProcess.Start(Folder.FullName, ["my.json"])
            : HostProcess.Start(Folder.FullName, ["-c", $"ulimit -n {_descriptors}; exec '{HostProcess.Program}' my.json"], "/bin/sh");
        Url = await UrlAsync(_process);
    }

    /// <summary>Waits until a process listens, and returns its address for WebSockets.</summary>
    public static async Task<Uri> UrlAsync(HostProcess process) => new UriBuilder(await process.UriAsync()) { Scheme = "ws" }.Uri;

    public void Dispose()
    {
        _process?.Dispose();
        Folder.Dispose();
    }
}

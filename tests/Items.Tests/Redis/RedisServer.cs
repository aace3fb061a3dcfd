using System.Globalization;
using StackExchange.Redis;

namespace SharedState.Items.Tests;

/// <summary>A redis-server of its own, on a free port of the loopback and in a folder of its own; gone after the test.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    /// <summary>What a test starts with, but for the port and the folder.</summary>
    private static readonly string[] _settings =
        ["--bind", "127.0.0.1", "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--repl-diskless-sync-delay", "0"];

    private readonly ServerProcess _process = new();
    private readonly string[] _arguments;
    private readonly Action<ConfigurationOptions> _admit;
    private ConnectionMultiplexer? _admin;
    private int _copies;

    private RedisServer(string[] arguments, int port, Action<ConfigurationOptions> admit) =>
        (_arguments, Port, _admit) = (arguments, port, admit);

    /// <summary>Why tests that need it are skipped; null where it is installed.</summary>
    public static string? Missing { get; } = ServerProcess.Missing("redis-server", "redis-server");

    public string Folder => _process.Folder;

    public int Port { get; }

    /// <summary>The port of the master that it follows from its next start on; null for a master.</summary>
    public int? Follows { get; set; }

    /// <summary>As an operator sees it, on a connection of its own.</summary>
    public IDatabase Database => _admin!.GetDatabase();

    public IServer Admin => _admin!.GetServer("127.0.0.1", Port);

    /// <param name="settings">
    /// More settings, as arguments of redis-server; later ones win. With --tls-port-here its port is for TLS.
    /// </param>
    /// <param name="admit">What the operator's connection needs, where it is not let in as it is.</param>
    public static async Task<RedisServer> StartAsync(string[]? settings = null, Action<ConfigurationOptions>? admit = null)
    {
        var server = new RedisServer([.. _settings, .. settings ?? []], ServerProcess.FreePort(), admit ?? (_ => { }));
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>A service's configuration.</summary>
    public Dictionary<string, string> Config(string table = "items", string? name = null) => new()
    {
        ["db_type"] = "redis",
        ["db_host"] = "127.0.0.1",
        ["db_port"] = Port.ToString(CultureInfo.InvariantCulture),
        ["db_table"] = table,
        ["db_name"] = name ?? "0",
    };

    /// <summary>Starts it with the same folder and port, and waits until it serves.</summary>
    public async Task StartAgainAsync()
    {
        string[] port = _arguments.Contains("--tls-port-here") ? ["--port", "0", "--tls-port", $"{Port}"] : ["--port", $"{Port}"];
        var arguments = _arguments.Where(argument => argument != "--tls-port-here");
        string[] role = Follows is { } master ? ["--replicaof", "127.0.0.1", $"{master}"] : [];
        await _process.StartAsync(
            ServerProcess.Find("redis-server")!,
            [.. arguments, .. role, .. port, "--dir", Folder, "--logfile", Path.Combine(Folder, "log")]);
        var deadline = DateTime.UtcNow.AddSeconds(20);
        while (true)
        {
            try
            {
                _admin ??= await ConnectAsync();
                await Database.PingAsync();
                if (!(await Admin.InfoRawAsync("persistence"))!.Contains("loading:1", StringComparison.Ordinal)) return;
            }
            catch (RedisException) when (DateTime.UtcNow < deadline)
            {
                // Not yet.
            }
            await Task.Delay(20);
        }
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        await _process.KillAsync();
        if (_admin is not null) await _admin.DisposeAsync();
        _admin = null;
    }

    /// <summary>Copies the files of a server that runs, as a backup does.</summary>
    public async Task<string> CopyAsync()
    {
        var copy = Path.Combine(Folder, $"copy{++_copies}");
        await ServerProcess.RunAsync("cp", "-R", Path.Combine(Folder, "appendonlydir"), copy);
        return copy;
    }

    /// <summary>Puts a copy in the place of what it has.</summary>
    public async Task RestoreAsync(string copy)
    {
        await KillAsync();
        var files = Path.Combine(Folder, "appendonlydir");
        Directory.Delete(files, recursive: true);
        await ServerProcess.RunAsync("cp", "-R", copy, files);
        await StartAgainAsync();
    }

    /// <summary>Sends a signal, by its name without SIG.</summary>
    public Task SignalAsync(string name) => _process.SignalAsync(name);

    public Task<RedisResult> ExecuteAsync(string command, params object[] arguments) => Admin.ExecuteAsync(command, arguments);

    public async ValueTask DisposeAsync()
    {
        if (_admin is not null) await _admin.DisposeAsync();
        await _process.DisposeAsync();
    }

    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        var settings = new ConfigurationOptions { AllowAdmin = true, ConnectTimeout = 1000, ConnectRetry = 1, TieBreaker = "", EndPoints = { { "127.0.0.1", Port } } };
        _admit(settings);
        return await ConnectionMultiplexer.ConnectAsync(settings);
    }
}

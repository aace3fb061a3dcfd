using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SharedState.Items.Tests;

/// <summary>
/// The server of a database in a folder of its own. It ends by kill -9, at the latest with the process of the tests, however that ends.
/// </summary>
public sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>
    /// Runs the server until a line comes in. At the end of the input, as when the tests are killed, the script deletes the folder as well.
    /// </summary>
    private const string Guard = """
        folder=$1; shift
        "$@" >/dev/null 2>&1 &
        echo $!
        read _ || gone=1
        kill -9 $!
        wait
        [ -z "$gone" ] || rm -rf "$folder"
        """;

    private const int BlockPorts = 100;

    private static readonly Lock _ports = new();
    private static readonly List<TcpListener> _reserved = []; // the first port of each block that this process uses, as long as it lives
    private static int _nextPort;

    private Process? _guard;
    private int _id;

    public string Folder { get; } = Directory.CreateTempSubdirectory("server-tests-").FullName;

    /// <summary>The path of a program on the PATH or in /usr/sbin; null if the program is not installed.</summary>
    public static string? Find(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin"
            .Split(':')
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    /// <summary>Why tests that need a program are skipped; null if it is installed.</summary>
    public static string? Missing(string program, string package) =>
        Find(program) is null
            ? $"{program} is not installed: install {package}, so that '{program} --version' answers; ./test.sh does so"
            : null;

    /// <summary>
    /// A free port, each time another one, from a block of ports that only this process uses: tests of several projects run at a time, and
    /// a server that is down must find its port again. The ports are below those that the system gives to connections (from 32768), so that
    /// no connection takes one meanwhile.
    /// </summary>
    public static int FreePort()
    {
        lock (_ports)
        {
            while (true)
            {
                if (_nextPort % BlockPorts == 0) _nextPort = ReserveBlock();
                var port = _nextPort++;
                if (Listen(port) is not { } listener) continue;
                listener.Dispose();
                return port;
            }
        }
    }

    /// <summary>Starts the server, for the first time or after a kill. It may not serve yet: the caller asks in its protocol.</summary>
    public async Task StartAsync(string program, params IEnumerable<string> arguments)
    {
        _guard = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Guard, "sh", Folder, program, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        _id = int.Parse((await _guard.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
    }

    /// <summary>Ends the server by kill -9. Returns when the process has ended.</summary>
    public async Task KillAsync()
    {
        await _guard!.StandardInput.WriteLineAsync();
        await _guard.StandardInput.FlushAsync();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
        _guard = null;
    }

    /// <summary>Sends a signal, named without SIG, to the server.</summary>
    public Task SignalAsync(string name) => RunAsync("kill", $"-{name}", $"{_id}");

    /// <summary>Runs a program; throws if its exit code is not 0.</summary>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program}: {await output}{errors}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_guard is not null) await KillAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Takes a block by listening at its first port; returns its second one.</summary>
    private static int ReserveBlock()
    {
        while (true)
        {
            var first = BlockPorts * Random.Shared.Next(200, 300);
            if (Listen(first) is not { } listener) continue;
            _reserved.Add(listener);
            return first + 1;
        }
    }

    /// <summary>Listens at a port; null where another process does.</summary>
    private static TcpListener? Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return listener;
        }
        catch (SocketException)
        {
            listener.Dispose();
            return null;
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SharedState.Items.Tests;

/// <summary>A database's server that a test starts: in a folder of its own, killed as if by a power cut, and gone with the tests, however they end.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>Runs it until a line comes in; without one, as when the tests are killed, its folder goes with it.</summary>
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

    /// <summary>Where a program is, beside the other programs or beside those for administrators; null where it is not installed.</summary>
    public static string? Find(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin".Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Why tests that need a program are skipped; null where it is installed.</summary>
    public static string? Missing(string program, string package) =>
        Find(program) is null ? $"{program} is not installed: install {package}, so that '{program} --version' answers; ./test.sh does so" : null;

    /// <summary>
    /// A free port, each time another one, from a block of ports that only this process uses: tests of several projects run at a time, and a server that is down must
    /// find its port again. The ports are below those that the system gives to connections (from 32768), so that no connection takes one meanwhile.
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

    /// <summary>Starts it, also where it was killed; whether it serves is asked by whoever knows its protocol.</summary>
    public async Task StartAsync(string program, params IEnumerable<string> arguments)
    {
        _guard = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Guard, "sh", Folder, program, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        _id = int.Parse((await _guard.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
    }

    /// <summary>kill -9. Returns when it is gone.</summary>
    public async Task KillAsync()
    {
        await _guard!.StandardInput.WriteLineAsync();
        await _guard.StandardInput.FlushAsync();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
        _guard = null;
    }

    /// <summary>Sends it a signal, by its name without SIG.</summary>
    public Task SignalAsync(string name) => RunAsync("kill", $"-{name}", $"{_id}");

    /// <summary>Runs a program to its end, which must be a good one.</summary>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
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

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using SharedState.Bench.Load.Native;

namespace SharedState.Bench.Load.Storages;

/// <summary>A program of this computer that the bench runs for itself, with a folder that goes with it. It ends with the bench, however
/// that ends.</summary>
internal sealed class OwnProcess : IDisposable
{
    private const double Patience = 30; // seconds

    /// <summary>What runs a command so that the kernel kills it when the bench is gone.</summary>
    public static readonly IReadOnlyList<string> Tied = ["setpriv", "--pdeathsig", "KILL"];

    /// <summary>All cores, as taskset takes them: the load itself, from which others inherit it, has only one.</summary>
    public static readonly string AllCores = File.ReadAllText("/sys/devices/system/cpu/online").Trim();

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sharedstate-bench-");
    private Process? _process;

    public string Folder => _folder.FullName;

    /// <summary>On the loopback interface.</summary>
    public int Port { get; } = FreePort();

    /// <summary>What it has used of the processor, in nanoseconds.</summary>
    public long ProcessorTime => Clock.ProcessTime(_process!.Id);

    /// <summary>Where a program is; null if it is not installed.</summary>
    public static string? Find(string program) =>
        "/usr/sbin:/usr/local/sbin".Split(':').Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end; returns what it printed.</summary>
    public static string Run(string program, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var complaints = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new Violation($"{program} ended with {process.ExitCode}: {complaints.Result}");
    }

    /// <summary>Starts a server, which logs to a file of its folder, and waits until it takes connections.</summary>
    public void Start(string program, params IEnumerable<string> arguments)
    {
        var log = Path.Combine(Folder, "log");
        string[] command = [.. Tied, "taskset", "-c", AllCores, "sh", "-c", "exec \"$@\" >\"$0\" 2>&1", log, program, .. arguments];
        _process = Process.Start(new ProcessStartInfo(command[0], command[1..]))!;
        for (var deadline = Clock.Now + (long)(Patience * 1e9); !Answers();)
        {
            if (_process.HasExited || Clock.Now > deadline) throw new Violation($"{program} did not start: {File.ReadAllText(log)}");
            Thread.Sleep(10);
        }
    }

    public void Dispose()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _folder.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private bool Answers()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    }
}

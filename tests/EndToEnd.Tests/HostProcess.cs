using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace SharedState.EndToEnd.Tests;

/// <summary>The real host as a process of its own, on a free port.</summary>
internal sealed partial class HostProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output;

    private HostProcess(Process process, ConcurrentQueue<string> output) => (_process, _output) = (process, output);

    /// <summary>The program that the build put beside the tests.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "sharedstate.exe" : "sharedstate");

    public int Id => _process.Id;

    public required Uri Url { get; init; }

    /// <summary>All that it printed so far.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Starts it, and waits until it listens.</summary>
    public static async Task<HostProcess> StartAsync(string config, string? program = null, string? folder = null)
    {
        var (process, output) = Start(program ?? Program, config, folder);
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            if (output.Select(line => Listening().Match(line)).FirstOrDefault(match => match.Success) is { } found)
                return new(process, output) { Url = new($"{(found.Groups[1].Value == "https" ? "wss" : "ws")}://127.0.0.1:{found.Groups[2].Value}/") };
            Assert.False(process.HasExited, $"the host ended with {(process.HasExited ? process.ExitCode : 0)}:\n{string.Join('\n', output)}");
            Assert.True(deadline.Elapsed < Patience, $"the host does not listen:\n{string.Join('\n', output)}");
            await Task.Delay(10);
        }
    }

    /// <summary>Runs it to its end: its exit code and all that it printed.</summary>
    public static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        var (process, output) = Start(Program, string.Join(' ', arguments), folder: null);
        using (process)
        {
            using var patience = new CancellationTokenSource(Patience);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, string.Join('\n', output));
        }
    }

    /// <summary>As a power cut does to the process: kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM; its exit code.</summary>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }

    private static (Process Process, ConcurrentQueue<string> Output) Start(string program, string arguments, string? folder)
    {
        var output = new ConcurrentQueue<string>();
        var process = new Process
        {
            StartInfo = new(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = folder ?? Path.GetTempPath(),
            },
        };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return (process, output);

        void Keep(string? line)
        {
            if (line is not null) output.Enqueue(line);
        }
    }

    [GeneratedRegex(@"listens on (https?)://[^ ]*?:(\d+)/")]
    private static partial Regex Listening();
}

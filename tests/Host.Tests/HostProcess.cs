using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SharedState.Host.Tests;

/// <summary>The real program in a process of its own, started as an operator starts it.</summary>
public sealed partial class HostProcess : IDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>The program that the build put beside the tests.</summary>
    public static readonly string Program = Path.Combine(AppContext.BaseDirectory, "sharedstate");

    // A process inherits the signals that its parent ignores: SIGHUP of nohup, SIGINT of a shell script's background job. The host would
    // then ignore them as well, so that the launcher resets them; it has the same process id.
    private static readonly string[] _defaultSignals = IgnoresSignals() ? ["env", "--default-signal"] : [];

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly SemaphoreSlim _changed = new(0);

    private HostProcess(Process process) => _process = process;

    /// <summary>The id of the process.</summary>
    public int Id => _process.Id;

    /// <summary>All lines so far, of both outputs.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    /// <summary>The processor time that the process has used so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The memory that the process holds.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public string Output => string.Join('\n', Lines);

    public static HostProcess Start(
        string workingDirectory, string[] arguments, string? program = null, Dictionary<string, string>? environment = null)
    {
        string[] command = [.. _defaultSignals, program ?? Program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Beside the tests, so that they leave nothing in the cache of the user.
        start.Environment["XDG_CACHE_HOME"] = Path.Combine(AppContext.BaseDirectory, "cache");
        foreach (var (name, value) in environment ?? []) start.Environment[name] = value;
        var host = new HostProcess(new() { StartInfo = start });
        host._process.OutputDataReceived += (_, line) => host.Add(line.Data);
        host._process.ErrorDataReceived += (_, line) => host.Add(line.Data);
        host._process.Start();
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        return host;
    }

    /// <summary>Waits until the process ends by itself, and returns its exit code.</summary>
    public async Task<int> ExitAsync(TimeSpan? patience = null)
    {
        using var deadline = new CancellationTokenSource(patience ?? Deadline);
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    /// <summary>Waits for a line that contains the text, and returns the first one.</summary>
    public async Task<string> LineAsync(string text)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Lines.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found) return found;
            if (_process.HasExited) throw new InvalidOperationException($"ended without \"{text}\":\n{Output}");
            if (Stopwatch.GetElapsedTime(started) > Deadline)
                throw new TimeoutException($"no \"{text}\" within {Deadline.TotalSeconds} s:\n{Output}");
            await _changed.WaitAsync(TimeSpan.FromMilliseconds(200));
        }
    }

    /// <summary>Waits until the host listens, and returns its address.</summary>
    public async Task<Uri> UriAsync() => new(UrlPattern().Match(await LineAsync("listens on")).Value);

    /// <summary>Waits until the admin side listens, and returns its address.</summary>
    public async Task<Uri> AdminUriAsync() => new(UrlPattern().Match(await LineAsync("Admin side")).Value);

    /// <summary>Asks the process to end, as a service manager does.</summary>
    public Task<int> TerminateAsync()
    {
        Signal("TERM");
        return ExitAsync();
    }

    /// <summary>Sends a signal, by its name without SIG.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Ends the process as if by a power cut: kill -9.</summary>
    public Task<int> KillAsync()
    {
        _process.Kill();
        return ExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
        _changed.Dispose();
    }

    /// <summary>Whether this process ignores one of the signals that the host reacts to.</summary>
    private static bool IgnoresSignals()
    {
        const int HangUp = 1, Interrupt = 2, Quit = 3, Terminate = 15;
        if (!OperatingSystem.IsLinux()) return false;
        var mask = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)).Split('\t')[1];
        var ignored = ulong.Parse(mask, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return new[] { HangUp, Interrupt, Quit, Terminate }.Any(signal => (ignored >> (signal - 1) & 1) != 0);
    }

    private void Add(string? line)
    {
        if (line is null) return;
        lock (_lines) _lines.Add(line);
        _changed.Release();
    }

    [GeneratedRegex(@"https?://[^ ,]+")]
    private static partial Regex UrlPattern();
}

using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using SharedState.Bench.Load.Native;

namespace SharedState.Bench.Load.Contestants;

/// <summary>A contestant's running server, on a core of its own, with a folder for its data that goes with it.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private const string CompilingThread = ".NET Tiered Com\n"; // ".NET Tiered Compilation Worker", as long as a name may be in Linux

    private readonly Process _process;
    private readonly Task _drain;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sharedstate-bench-");

    /// <summary>Starts it, and waits until it listens.</summary>
    public ServerProcess(Setup setup)
    {
        Contestant = setup.Contestant;
        _process = Process.Start(setup.Start(_folder, port: 0))!;
        while (Port == 0)
        {
            var line = _process.StandardOutput.ReadLine() ?? throw new Violation($"{Contestant.Label} ended before it listened");
            if (ListensPattern().Match(line) is { Success: true } found)
                Port = int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture);
        }
        // Read on, so that it never waits for somebody to read its log.
        _drain = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
    }

    public Contestant Contestant { get; }

    public int Port { get; }

    public int Id => _process.Id;

    /// <summary>What it has used of the processor, in nanoseconds.</summary>
    public long ProcessorTime => Clock.ProcessTime(Id);

    /// <summary>The processor time of the thread that compiles hot code again, in nanoseconds. The runtime ends the thread when it has been
    /// idle for some seconds; the next one begins with 0.</summary>
    public long CompileTime => Directory.GetDirectories($"/proc/{Id}/task").Sum(CompileTimeOf);

    /// <summary>The memory that it has now, in bytes. Counted page by page: VmRSS of the status is cheaper, and some hundred KB
    /// off.</summary>
    public long Resident => Kilobytes("smaps_rollup", "Rss:");

    /// <summary>The most memory that it had since <see cref="ForgetPeak"/>, in bytes.</summary>
    public long PeakResident => Kilobytes("status", "VmHWM:");

    /// <summary>Lets <see cref="PeakResident"/> begin with what it has now.</summary>
    public void ForgetPeak() => File.WriteAllText($"/proc/{Id}/clear_refs", "5"); // proc(5)

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _drain.Wait();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static long CompileTimeOf(string thread)
    {
        try
        {
            if (File.ReadAllText($"{thread}/comm") != CompilingThread) return 0;
            return long.Parse(File.ReadAllText($"{thread}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
        }
        catch (IOException) // the thread has ended
        {
            return 0;
        }
    }

    private long Kilobytes(string file, string name)
    {
        var line = File.ReadLines($"/proc/{Id}/{file}").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    [GeneratedRegex(@"listens on https?://[^:]+:(\d+)")]
    private static partial Regex ListensPattern();
}

using System.Diagnostics;
using System.Globalization;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Contestants;

/// <summary>A store without a server, on the servers' core: what the disk, or bare SQLite, can do with nobody before it.</summary>
internal sealed class StoreProcess : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sharedstate-bench-");
    private readonly Process _process;

    /// <param name="ceilings">The folder of the ceilings.</param>
    /// <param name="label">disk or sqlite.</param>
    /// <param name="warmUp">For how many seconds it runs before it is measured.</param>
    public StoreProcess(string ceilings, string label, double warmUp)
    {
        Label = label;
        var start = new ProcessStartInfo(
            "taskset", ["-c", "0", Path.Combine(ceilings, "ceilings"), label, Path.Combine(_folder.FullName, "store")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        _process = Process.Start(start)!;
        Run(warmUp);
    }

    public string Label { get; }

    /// <summary>Lets it write for so many seconds.</summary>
    public Figures Run(double seconds)
    {
        _process.StandardInput.WriteLine(seconds.ToString(CultureInfo.InvariantCulture));
        var answer = _process.StandardOutput.ReadLine() ?? throw new Violation($"{Label} ended before it was measured");
        var numbers = Array.ConvertAll(answer.Split(' '), number => double.Parse(number, CultureInfo.InvariantCulture));
        return new() { Value = numbers[0] / numbers[1] };
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}

using System.Globalization;

namespace SharedState.Bench.Load.Contestants;

/// <summary>The share of a core that one server may use: a cgroup of version 1 with a quota, which only root may make.</summary>
internal sealed class CpuShare : IDisposable
{
    private const string Root = "/sys/fs/cgroup/cpu", Prefix = "sharedstate-bench-";

    // Short, so that a server that has used its share stands still for some milliseconds only.
    private const int PeriodMicroseconds = 10_000;

    private static readonly Lazy<string?> _missing = new(Try);
    private static int _made;

    private readonly string _folder = Path.Combine(
        Root, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{++_made}"));

    public CpuShare()
    {
        Directory.CreateDirectory(_folder);
        Write("cpu.cfs_period_us", PeriodMicroseconds);
    }

    /// <summary>Why there can be no such shares here; null where there can.</summary>
    public static string? Missing => _missing.Value;

    /// <summary>What runs a command within this share.</summary>
    public IReadOnlyList<string> Launcher => ["sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", Path.Combine(_folder, "cgroup.procs")];

    /// <summary>Allows so much of a core; null for all that there is.</summary>
    public void Allow(double? share) => Write("cpu.cfs_quota_us", share is { } some ? (int)(some * PeriodMicroseconds) : -1);

    /// <summary>The server must have ended.</summary>
    public void Dispose() => Directory.Delete(_folder);

    private void Write(string file, int number) =>
        File.WriteAllText(Path.Combine(_folder, file), number.ToString(CultureInfo.InvariantCulture));

    private static string? Try()
    {
        try
        {
            using var share = new CpuShare();
            share.Allow(0.5);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"no quotas of processor time can be set here ({exception.Message})";
        }
    }
}

using System.Globalization;

namespace SharedState.Host;

/// <summary>The files and sockets that the operating system lets this process have open.</summary>
internal static class Descriptors
{
    // For databases, logs, plugins, certificates that are opened later.
    private const int Reserve = 32;

    /// <summary>The limits, with no more connections than half of what there is room for; the rest is for those that only come by.</summary>
    public static Limits Fit(Limits limits) =>
        Room / 2 is { } most && most < limits.Connections ? limits with { Connections = most } : limits;

    /// <summary>How many connections fit, beside what is open already; null where the system does not say.</summary>
    public static int? Room
    {
        get
        {
            if (!OperatingSystem.IsLinux()) return null;
            var limit = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
            var soft = limit.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
            return int.TryParse(soft, CultureInfo.InvariantCulture, out var most)
                ? Math.Max(2, most - Directory.GetFileSystemEntries("/proc/self/fd").Length - Reserve)
                : null; // unlimited
        }
    }
}

using System.Globalization;

namespace SharedState.Host;

/// <summary>The files and sockets that the operating system lets this process have open.</summary>
internal static class Descriptors
{
    // For databases, logs, plugins, certificates that are opened later.
    private const int Reserve = 32;

    // Connections that are not upgraded: for handshakes, for pages, and for telling who cannot be taken.
    private const int Plain = 1_000;

    /// <summary>The limits, with no more connections than fit beside those that are not upgraded, which get up to half of the room.</summary>
    public static Limits Fit(Limits limits) =>
        Room is { } room && room - Math.Min(room / 2, Plain) is var most && most < limits.Connections ? limits with { Connections = most } : limits;

    /// <summary>How many connections that are not upgraded may be open beside as many as <see cref="Fit"/> leaves.</summary>
    public static long PlainBeside(Limits limits) => Math.Min((long)limits.Connections + Plain, Room - limits.Connections ?? long.MaxValue);

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

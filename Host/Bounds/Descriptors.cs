using System.Globalization;

namespace SharedState.Host.Bounds;

/// <summary>The files and sockets that the operating system allows this process to have open.</summary>
internal static class Descriptors
{
    // For databases, logs, plugins and certificates that are opened later.
    private const int Reserve = 32;

    // Connections that are not upgraded: handshakes, pages, and clients that are told that there is no room.
    private const int Plain = 1_000;

    /// <summary>
    /// The limits, with only as many connections as fit beside those that are not upgraded, which get up to half of the room.
    /// </summary>
    public static Limits Fit(Limits limits) =>
        Room is { } room && room - Math.Min(room / 2, Plain) is var most && most < limits.Connections
            ? limits with { Connections = most }
            : limits;

    /// <summary>
    /// The number of connections without an upgrade that may be open beside the connections that <see cref="Fit"/> leaves.
    /// </summary>
    public static long PlainBeside(Limits limits) => Math.Min((long)limits.Connections + Plain, Room - limits.Connections ?? long.MaxValue);

    /// <summary>
    /// The number of connections that fit, beside the descriptors that are open already; null if the system does not tell.
    /// </summary>
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

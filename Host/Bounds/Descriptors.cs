using System.Globalization;

namespace SharedState.Host.Bounds;

/// <summary>The files and sockets that the operating system lets this process have open.</summary>
/// <remarks>
/// .NET keeps two descriptors for each assembly: measured with two SQLite services, 140 are open when services begin to open, 208 when the
/// host listens, and 219 after the first clients. A process without descriptors cannot load an assembly, and ends. So the host counts the
/// open descriptors as late as possible, before it lets the first client in.
/// </remarks>
internal static class Descriptors
{
    /// <summary>The minimum with which the host starts. With fewer descriptors it would end while it loads its own assemblies.</summary>
    public const int Fewest = 248;

    /// <summary>The minimum of free descriptors with which a listening host can serve clients.</summary>
    public const int FewestFree = LeastReserve + FewestForClients;

    // Assemblies that the first clients need, databases that are opened again, plugins and certificates that change: at least the first,
    // at most the second.
    private const int LeastReserve = 24, MostReserve = 128;

    // The minimum for clients: a few connections, and as many handshakes.
    private const int FewestForClients = 8;

    /// <summary>The limit of this process; null if the system does not report one, or has none.</summary>
    public static int? Most
    {
        get
        {
            if (!OperatingSystem.IsLinux()) return null;
            var limit = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
            return int.TryParse(limit.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture, out var most)
                ? most
                : null;
        }
    }

    /// <summary>The descriptors that are open now.</summary>
    public static int Open => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>
    /// The limits, with no more connections and handshakes than fit beside the descriptors that are open. Handshakes get up to half of the
    /// room. Null if there are too few to serve clients.
    /// </summary>
    public static Limits? Fit(Limits limits) => Most is { } most ? Fit(limits, most - Open) : limits;

    /// <summary>The limits, within a number of free descriptors.</summary>
    public static Limits? Fit(Limits limits, int free)
    {
        var room = free - Math.Clamp(free / 4, LeastReserve, MostReserve);
        if (room < FewestForClients) return null;
        var handshakes = Math.Min(limits.Handshakes, room / 2);
        return limits with { Handshakes = handshakes, Connections = Math.Min(limits.Connections, room - handshakes) };
    }
}

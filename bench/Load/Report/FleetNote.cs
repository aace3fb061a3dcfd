using System.Globalization;
using SharedState.Bench.Load.Trials;

namespace SharedState.Bench.Load.Report;

/// <summary>Says who used how much of a core.</summary>
internal static class FleetNote
{
    public static string Of(FleetFigures figures) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"storage {figures.Storage:P0}, load {figures.Load:P0}, hosts {string.Join(", ", figures.Hosts.Select(host => host.ToString("P0", CultureInfo.InvariantCulture)))}"
        );
}

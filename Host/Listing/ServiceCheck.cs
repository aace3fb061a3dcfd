using SharedState.Host.Configuration;
using SharedState.Host.Diagnostics;
using SharedState.Host.Services;
using SharedState.Host.Storages;

namespace SharedState.Host.Listing;

/// <summary>
/// <c>--check</c>: asks each service what a start would create or alter, and prints the results. Opens no storage and changes nothing.
/// </summary>
internal static class ServiceCheck
{
    /// <summary>Whether all services can run.</summary>
    /// <param name="file">The configuration file.</param>
    /// <param name="notes">What else is to be said of the file.</param>
    /// <param name="services">The services.</param>
    /// <param name="limits">The bounds on their calls.</param>
    /// <param name="output">Gets the results.</param>
    public static async Task<bool> RunAsync(
        string file, IEnumerable<string> notes, IReadOnlyList<ServicePlan> services, Limits limits, TextWriter output)
    {
        var results = await PlanAsync(services, limits);
        var failed = results.Count(result => result.Service.Reason is not null);
        await output.WriteLineAsync(
            failed == 0 ? $"{file} has no mistakes" : $"{file} can be read, and {failed} of {results.Count} services would not run");
        foreach (var note in notes) await output.WriteLineAsync($"  {note}");
        var width = services.Max(service => service.Name.Length);
        foreach (var (service, result) in services.Zip(results))
        {
            var line = result.Service.State switch
            {
                "opens" => $"ok: {service.PluginTitle}, {service.Config.Storage}",
                "not_open" => $"does not run yet: {result.Service.Reason}",
                _ => $"does not run: {result.Service.Reason}",
            };
            await output.WriteLineAsync($"  {service.Name.PadRight(width)}  {Printable.Text(line)}");
            var indent = new string(' ', width + 4);
            foreach (var remark in Remarks(service, result)) await output.WriteLineAsync(indent + Printable.Text(remark));
        }
        return failed == 0;
    }

    /// <summary>Whether each service would open.</summary>
    public static async Task<IReadOnlyList<ListedService>> ListAsync(IReadOnlyList<ServicePlan> services, Limits limits) =>
        [.. (await PlanAsync(services, limits)).Select(result => result.Service)];

    private static async Task<IReadOnlyList<Result>> PlanAsync(IReadOnlyList<ServicePlan> services, Limits limits)
    {
        // All instances are there at the same time, as in a running host: two services that use one table collide only then.
        var storages = services.Select(NewStorage).ToArray();
        var results = await Task.WhenAll(services.Zip(storages, TryPlanAsync));
        await Task.WhenAll(storages.OfType<ServiceStorage>().Select(storage => storage.DisposeAsync().AsTask()));
        return results;

        ServiceStorage? NewStorage(ServicePlan service) => service.Source is { } source ? new(source, limits, TimeProvider.System) : null;
    }

    private static async Task<Result> TryPlanAsync(ServicePlan service, ServiceStorage? storage)
    {
        if (storage is null) return new(new(service.Name, "refused", service.Refusal));
        try
        {
            var plan = await storage.PlanAsync();
            if (!service.Config.MayAlter) PluginInstances.RefuseAlterations(plan);
            return new(new(service.Name, "opens", null), plan is null, plan);
        }
        catch (ItemServiceException exception)
        {
            return new(new(service.Name, exception.IsTransient ? "not_open" : "refused", service.Explain(exception)));
        }
    }

    private static IEnumerable<string> Remarks(ServicePlan service, Result result)
    {
        if (result.IsUnknown) yield return $"not tried: {service.PluginTitle} cannot tell what opening would change";
        foreach (var change in result.Plan ?? [])
            yield return $"a start {(change.Alters ? "alters" : "creates")}: {service.Config.Redact(OneLine(change.Statement))}{Size(change)}";
        if (result.Plan?.Any(change => change.Alters) == true)
            yield return $"make a backup before the start; \"{ServiceConfig.MigrateKey}\": false in \"config\" would refuse to alter anything";
    }

    private static string OneLine(string statement) =>
        string.Join(' ', statement.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string Size(StorageChange change)
    {
        string?[] parts =
        [
            change.Rows is { } rows ? FormattableString.Invariant($"{rows:N0} rows") : null,
            change.Bytes is { } bytes ? FormattableString.Invariant($"{bytes / 1048576.0:0.0} MiB") : null,
            change.Duration is { } duration ? $"may take {Text(duration)}" : null,
        ];
        var said = string.Join(", ", parts.OfType<string>());
        return said.Length == 0 ? "" : $" ({said})";
    }

    private static string Text(TimeSpan duration) => duration < TimeSpan.FromMinutes(2)
        ? FormattableString.Invariant($"{Math.Ceiling(duration.TotalSeconds):0} s")
        : FormattableString.Invariant($"{Math.Ceiling(duration.TotalMinutes):0} minutes");

    /// <summary>The outcome for one service.</summary>
    /// <param name="Service">Whether it would open.</param>
    /// <param name="IsUnknown">Whether its plugin cannot tell what opening would change.</param>
    /// <param name="Plan">What opening would change; null if that is not known.</param>
    private sealed record Result(ListedService Service, bool IsUnknown = false, IReadOnlyList<StorageChange>? Plan = null);
}

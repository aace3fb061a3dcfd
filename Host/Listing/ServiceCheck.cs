using SharedState.Host.Collections;
using SharedState.Host.Diagnostics;
using SharedState.Host.Services;

namespace SharedState.Host.Listing;

/// <summary><c>--check</c>: opens each service once, as a start does, and prints the results.</summary>
internal static class ServiceCheck
{
    /// <summary>Whether all services can run.</summary>
    public static async Task<bool> RunAsync(IReadOnlyList<ServicePlan> services, Limits limits, TextWriter output)
    {
        var results = await OpenAsync(services, limits);
        var width = services.Max(service => service.Name.Length);
        foreach (var (service, result) in services.Zip(results))
        {
            var line = result.State switch
            {
                "opens" => $"ok: {service.PluginTitle}, {service.Config.Storage}",
                "not_open" => $"does not run yet: {result.Reason}",
                _ => $"does not run: {result.Reason}",
            };
            await output.WriteLineAsync($"  {service.Name.PadRight(width)}  {Printable.Text(line)}");
        }
        return results.All(service => service.Reason is null);
    }

    /// <summary>Opens all services, closes them again, and returns the results.</summary>
    public static async Task<IReadOnlyList<ListedService>> OpenAsync(IReadOnlyList<ServicePlan> services, Limits limits)
    {
        // All are open at the same time, as in a running host: two services that use one table collide only then.
        var storages = services.Select(NewStorage).ToArray();
        var results = await Task.WhenAll(services.Zip(storages, TryOpenAsync));
        await Task.WhenAll(storages.OfType<ServiceStorage>().Select(storage => storage.DisposeAsync().AsTask()));
        return results;

        ServiceStorage? NewStorage(ServicePlan service) => service.Source is { } source ? new(source, limits, TimeProvider.System) : null;
    }

    private static async Task<ListedService> TryOpenAsync(ServicePlan service, ServiceStorage? storage)
    {
        if (storage is null) return new(service.Name, "refused", service.Refusal);
        try
        {
            await storage.OpenAsync(CancellationToken.None);
            return new(service.Name, "opens", null);
        }
        catch (ItemServiceException exception)
        {
            return new(service.Name, exception.IsTransient ? "not_open" : "refused", service.Explain(exception));
        }
    }
}

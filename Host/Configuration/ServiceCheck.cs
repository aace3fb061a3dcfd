using SharedState.Host.Collections;
using SharedState.Host.Diagnostics;
using SharedState.Host.Listing;

namespace SharedState.Host.Configuration;

/// <summary><c>--check</c>: opens each service once, as a start does, and says what was found.</summary>
internal static class ServiceCheck
{
    /// <summary>Whether all services can run.</summary>
    public static async Task<bool> RunAsync(IReadOnlyList<ServiceSetup> services, Limits limits, TextWriter output)
    {
        var found = await FindAsync(services, limits);
        var width = services.Max(service => service.Name.Length);
        foreach (var (service, listed) in services.Zip(found))
        {
            var line = listed.State switch
            {
                "opens" => $"ok: {service.PluginTitle}, {service.Storage}",
                "not_open" => $"does not run yet: {listed.Reason}",
                _ => $"does not run: {listed.Reason}",
            };
            await output.WriteLineAsync($"  {service.Name.PadRight(width)}  {Printable.Text(line)}");
        }
        return found.All(service => service.Reason is null);
    }

    /// <summary>What came of opening each service; all are closed again.</summary>
    public static async Task<IReadOnlyList<ListedService>> FindAsync(IReadOnlyList<ServiceSetup> services, Limits limits)
    {
        // All are open at once, as they will be: two that want one table are in each other's way only then.
        var storages = services.Select(service => new ServiceStorage(service.Source, limits, TimeProvider.System)).ToArray();
        var found = await Task.WhenAll(services.Zip(storages, TryOpenAsync));
        await Task.WhenAll(storages.Select(storage => storage.DisposeAsync().AsTask()));
        return found;
    }

    private static async Task<ListedService> TryOpenAsync(ServiceSetup service, ServiceStorage storage)
    {
        if (service.Refusal is not null) return new(service.Name, "refused", service.Refusal);
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

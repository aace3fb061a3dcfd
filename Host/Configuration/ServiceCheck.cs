using SharedState.Host.Collections;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Configuration;

/// <summary><c>--check</c>: opens each service once, as a start does, and says what was found.</summary>
internal static class ServiceCheck
{
    /// <summary>Whether all services can run.</summary>
    public static async Task<bool> RunAsync(IReadOnlyList<ServiceSetup> services, Limits limits, TextWriter output)
    {
        // All are open at once, as they will be: two that want one table are in each other's way only then.
        var storages = services.Select(service => new ServiceStorage(new(service.Create, service.Context), limits, TimeProvider.System)).ToArray();
        var wrong = await Task.WhenAll(services.Zip(storages, TryOpenAsync));
        await Task.WhenAll(storages.Select(storage => storage.DisposeAsync().AsTask()));

        var width = services.Max(service => service.Name.Length);
        foreach (var (service, found) in services.Zip(wrong))
        {
            var line = found ?? $"ok: {service.PluginTitle}, {service.Storage}";
            await output.WriteLineAsync($"  {service.Name.PadRight(width)}  {Printable.Text(line)}");
        }
        return wrong.All(found => found is null);
    }

    /// <summary>Null if the service opens, else why not.</summary>
    private static async Task<string?> TryOpenAsync(ServiceSetup service, ServiceStorage storage)
    {
        if (service.Refusal is not null) return $"does not run: {service.Refusal}";
        try
        {
            await storage.OpenAsync(CancellationToken.None);
            return null;
        }
        catch (ItemServiceException exception)
        {
            return $"does not run{(exception.IsTransient ? " yet" : "")}: {service.Explain(exception)}";
        }
    }
}

using SharedState.Host.Diagnostics;

namespace SharedState.Host.Configuration;

/// <summary><c>--check</c>: opens each service once and says what was found.</summary>
internal static class ServiceCheck
{
    /// <summary>Whether all services can run.</summary>
    public static async Task<bool> RunAsync(IReadOnlyList<ServiceSetup> services, TimeSpan limit, TextWriter output)
    {
        var width = services.Max(service => service.Name.Length);
        var allRun = true;
        foreach (var service in services)
        {
            var wrong = service.Refusal ?? await TryOpenAsync(service, limit);
            allRun &= wrong is null;
            var found = wrong is null ? $"ok: {service.PluginTitle}, {service.Storage}" : $"does not run: {wrong}";
            await output.WriteLineAsync($"  {service.Name.PadRight(width)}  {Printable.Text(found)}");
        }
        return allRun;
    }

    /// <summary>Null if the service opens and closes within the limit, else why not.</summary>
    private static async Task<string?> TryOpenAsync(ServiceSetup service, TimeSpan limit)
    {
        using var stop = new CancellationTokenSource(limit);
        try
        {
            // On a thread of its own: a plugin may block the one that calls it.
            await Task.Run(async () =>
            {
                await using var instance = service.Create();
                await instance.OpenAsync(service.Context, stop.Token);
            }).WaitAsync(limit);
            return null;
        }
        catch (Exception e)
        {
            return service.Explain(e is OperationCanceledException && stop.IsCancellationRequested ? new TimeoutException() : e);
        }
    }
}

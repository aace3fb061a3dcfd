using SharedState.Host.Collections;
using SharedState.Host.Configuration;
using SharedState.Host.Connections;
using SharedState.Host.Diagnostics;

namespace SharedState.Host;

/// <summary>The running services and the connections to them.</summary>
internal sealed class Engine : IAsyncDisposable
{
    // Of the 10 seconds that a graceful stop may take, this much is kept for the process to end.
    private static readonly TimeSpan LastSecond = TimeSpan.FromSeconds(1);

    private readonly HostState _state;
    private readonly ConnectionRegistry _connections;
    private readonly WebSocketEndpoint _endpoint;
    private Task _connectionsStop = Task.CompletedTask;
    private long _stoppingSince;

    public Engine(ServiceCatalog services, Limits limits, IReadOnlySet<string>? origins, bool compression, TimeProvider time, ILogger logger)
    {
        _state = new(services, limits, time, logger);
        _connections = new(_state);
        _endpoint = new(_state, _connections, origins, compression);
    }

    /// <summary>
    /// Opens the services, all at once. One that will not run is left out, and its setup comes back with the reason; one whose storage is only
    /// unavailable now says so, and is tried again until it opens.
    /// </summary>
    public static async Task<(ServiceCatalog Services, ServiceSetup[] Setups)> OpenAsync(IEnumerable<ServiceSetup> setups, Limits limits, TimeProvider time)
    {
        var opened = await Task.WhenAll(setups.Select(setup => OpenAsync(setup, limits, time)));
        return (new(opened.Select(service => (service.Setup.Name, service.Writer))), [.. opened.Select(service => service.Setup)]);
    }

    /// <summary>Serves every WebSocket upgrade, on any path; other requests go on.</summary>
    public void Use(IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (!await _endpoint.TryServeAsync(context)) await next(context);
    });

    /// <summary>Begins the graceful stop: connections finish what was read, and say goodbye.</summary>
    public void Stop()
    {
        _stoppingSince = _state.Time.GetTimestamp();
        _connectionsStop = _connections.StopAsync();
    }

    /// <summary>Ends the services once the connections are gone. A storage that does not end is left behind.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stoppingSince == 0) Stop();
        await _connectionsStop;
        _connections.Dispose();
        var left = _state.Limits.StopTime + LastSecond - _state.Time.GetElapsedTime(_stoppingSince);
        try
        {
            await Task.WhenAll(_state.Services.Running.Select(service => service.DisposeAsync().AsTask()))
                .WaitAsync(left > LastSecond ? left : LastSecond, _state.Time);
        }
        catch (TimeoutException)
        {
            Log.StorageStillBusy(_state.Logger);
        }
    }

    private static async Task<(ServiceSetup Setup, ServiceWriter? Writer)> OpenAsync(ServiceSetup setup, Limits limits, TimeProvider time)
    {
        if (setup.Refusal is not null) return (setup, null);
        var writer = new ServiceWriter(new(new(setup.Create, setup.Context), limits, time), limits, time);
        try
        {
            await writer.StartAsync();
            return (setup with { Obstacle = writer.Obstacle is { } obstacle ? setup.Explain(obstacle) : null }, writer);
        }
        catch (ItemServiceException exception)
        {
            await writer.DisposeAsync();
            return (setup with { Refusal = setup.Explain(exception) }, null);
        }
    }
}

using SharedState.Host.Access;
using SharedState.Host.Changes;
using SharedState.Host.Connections;
using SharedState.Host.Diagnostics;

namespace SharedState.Host;

/// <summary>The running services and the connections to them.</summary>
internal sealed class Engine : IAsyncDisposable
{
    // A part of the 10 seconds of a graceful stop, for the end of the process.
    private static readonly TimeSpan LastSecond = TimeSpan.FromSeconds(1);

    private readonly ServiceSet _services;
    private readonly Doors _doors;
    private readonly HostState _state;
    private readonly ConnectionRegistry _connections;
    private readonly WebSocketEndpoint _endpoint;
    private readonly HostMetrics _metrics;
    private Task _connectionsStop = Task.CompletedTask;
    private long _stoppingSince;

    public Engine(
        ServiceSet services, Limits limits, AccessControl access, Doors doors, bool compression, TimeProvider time, ILogger logger)
    {
        (_services, _doors) = (services, doors);
        _state = new(services.Catalog, limits, time, logger) { Access = access };
        _connections = new(_state);
        _endpoint = new(_state, _connections, new(access, doors), compression);
        _metrics = new(services, _connections, _state);
    }

    /// <summary>Whether the graceful stop has begun.</summary>
    public bool Stopping => _connections.Stopping;

    /// <summary>Takes over a changed access policy and changed doors: rights that are taken away end at once, and so do connections of
    /// pages that are not let in any more.</summary>
    public void Change(AccessConfig? access, DoorSettings settings)
    {
        _doors.Set(settings, guarded: access is not null);
        _state.Access.Set(access);
        _connections.Review();
    }

    /// <summary>The connections that may be open from now on.</summary>
    public void Bound(int connections) => _state.Connections = connections;

    /// <summary>Serves every WebSocket upgrade, on any path. Other requests go to the next handler.</summary>
    public void Use(IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (!await _endpoint.TryServeAsync(context)) await next(context);
    });

    /// <summary>Begins the graceful stop: connections finish the requests that were read, and close.</summary>
    public void Stop()
    {
        _stoppingSince = _state.Time.GetTimestamp();
        _connectionsStop = _connections.StopAsync();
    }

    /// <summary>
    /// Ends the services after the last connection has closed. Does not wait longer than the stop may take for a storage that hangs.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_stoppingSince == 0) Stop();
        await _connectionsStop;
        _metrics.Dispose();
        _connections.Dispose();
        var left = _state.Limits.StopTime + LastSecond - _state.Time.GetElapsedTime(_stoppingSince);
        try
        {
            await _services.DisposeAsync().AsTask()
                .WaitAsync(left > LastSecond ? left : LastSecond, _state.Time);
        }
        catch (TimeoutException)
        {
            Log.StorageStillBusy(_state.Logger);
        }
    }
}

using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SharedState.Host.Access;
using SharedState.Host.Collections;
using SharedState.Host.Connections;
using SharedState.Host.Http;
using SharedState.Host.Storages;

namespace SharedState.Host.Tests.Engine;

/// <summary>The engine behind a real Kestrel on a free port, with the services <c>items</c> and <c>other</c> on memory, and <c>down</c>,
/// which is refused.</summary>
internal sealed class LiveHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConnectionRegistry _registry;
    private readonly ServiceWriter[] _writers;
    private readonly HostState _state;
    private readonly Doors _doors;
    private DoorSettings _lists = new(null, null);

    private LiveHost(WebApplication app, HostState state, ConnectionRegistry registry, ServiceWriter[] writers, Doors doors) =>
        (_app, _state, _registry, _writers, _doors) = (app, state, registry, writers, doors);

    public int Port { get; private init; }

    public Doorway Doorway { get; private init; } = null!;

    public int Connections => _registry.Count;

    /// <summary>The bytes that wait to be sent to all connections.</summary>
    public long OutboxBytes => _registry.OutboxBytes;

    /// <summary>What unfinished messages hold of all connections' budget.</summary>
    public long UnfinishedBytes => _state.Unfinished.Used;

    /// <summary>What large requests hold that are not answered.</summary>
    public long RequestBytes => _state.Requests.Used;

    public Uri Url => new($"ws://127.0.0.1:{Port}/");

    public static async Task<LiveHost> StartAsync(
        MemoryStorage? items = null, MemoryStorage? other = null, Limits? limits = null, TimeProvider? time = null,
            DoorSettings? doors = null, AccessConfig? access = null, bool compression = false, ILogger? logger = null)
    {
        limits ??= new();
        time ??= TimeProvider.System;
        logger ??= NullLogger.Instance;
        ServiceWriter[] writers = [Writer("items", items ?? new()), Writer("other", other ?? new())];
        foreach (var writer in writers) await writer.StartAsync();
        var state = new HostState(new([("items", writers[0]), ("other", writers[1]), ("down", null)]), limits, time, logger);
        state.Access.Set(access);
        var registry = new ConnectionRegistry(state);
        // As if it listened beyond loopback, where any origin is welcome without a list.
        var gate = new Doors(doors ?? new(null, null), access is not null, "0.0.0.0", [new(IPAddress.Any, 0)], logger);
        var endpoint = new WebSocketEndpoint(state, registry, new(state.Access, gate), compression);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen();
        var doorway = new Doorway(time, logger);
        doorway.Open(limits.Handshakes, limits.HandshakeShare);
        builder.Services.AddSingleton<IConnectionListenerFactory>(new SocketTransport(_ => listening, doorway, logger));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(listening.LocalEndPoint!));
        var app = builder.Build();
        app.Use(async (context, next) =>
        {
            if (!await gate.TryRefuseAsync(context) && !await endpoint.TryServeAsync(context)) await next(context);
        });
        app.Run(context => context.Response.WriteAsync("plain"));
        await app.StartAsync();
        return new(app, state, registry, writers, gate)
        {
            Doorway = doorway,
            _lists = doors ?? new(null, null),
            Port = ((IPEndPoint)listening.LocalEndPoint!).Port,
        };

        ServiceWriter Writer(string name, MemoryStorage storage)
        {
            return new(new(Source(name, storage, logger), limits, time), limits, time);
        }
    }

    /// <summary>Changes the access policy, and the lists of origins and names, as a change of the configuration does.</summary>
    /// <param name="access">The policy.</param>
    /// <param name="doors">The lists; null for those before.</param>
    public void Change(AccessConfig? access, DoorSettings? doors = null)
    {
        _doors.Set(_lists = doors ?? _lists, access is not null);
        _state.Access.Set(access);
        _registry.Review();
    }

    /// <summary>Waits until the services have done all that was posted to them before.</summary>
    public Task SettledAsync() => Task.WhenAll(
        _writers.Select(writer =>
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            writer.Post(new Step(done.SetResult));
            return done.Task;
        }));

    /// <summary>Puts another storage in the place of the one of <c>items</c>.</summary>
    public Task<SwapOutcome> ReplaceAsync(MemoryStorage storage) => _writers[0].SwapAsync(Source("items", storage, _state.Logger));

    /// <summary>Puts other storages in the place of both, in step: both, or none.</summary>
    public Task<SwapOutcome[]> ReplaceTogetherAsync(MemoryStorage items, MemoryStorage other)
    {
        var together = new Together(2);
        return Task.WhenAll(
            _writers.Zip([items, other], async (writer, storage) =>
            {
                var outcome = await writer.SwapAsync(Source(writer.Name, storage, _state.Logger) with { Together = together });
                together.Leave(outcome.Failure is not null);
                return outcome;
            }));
    }

    /// <summary>The same, with a storage of the test's own.</summary>
    public Task<SwapOutcome> SwapAsync(Func<IItemService> create) => _writers[0].SwapAsync(Source("items", create, _state.Logger));

    /// <summary>Stops as the process does on SIGTERM.</summary>
    public async Task StopAsync()
    {
        await _registry.StopAsync();
        await _app.StopAsync();
        await Task.WhenAll(_writers.Select(writer => writer.DisposeAsync().AsTask()));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_registry.Stopping) await StopAsync();
        _registry.Dispose();
        await _app.DisposeAsync();
    }

    private static StorageSource Source(string name, MemoryStorage storage, ILogger logger) =>
        Source(name, () => storage.CreateService(), logger);

    private static StorageSource Source(string name, Func<IItemService> create, ILogger logger) =>
        new(create, new() { ServiceName = name, Config = new Dictionary<string, string>(), BaseDirectory = "/", Logger = logger });
}

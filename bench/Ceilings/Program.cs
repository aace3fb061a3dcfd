using System.Diagnostics.CodeAnalysis;
using SharedState.Bench.Ceilings.Empty;
using SharedState.Bench.Ceilings.Frames;
using SharedState.Bench.Ceilings.Hubs;
using SharedState.Bench.Ceilings.Sockets;
using SharedState.Bench.Ceilings.Storage;

namespace SharedState.Bench.Ceilings;

/// <summary>What Shared State is measured against: the servers <c>a | b | signalr | empty</c>, and the stores <c>disk |
/// sqlite</c>.</summary>
/// <remarks><c>b reversed|lossy|doubled</c> are servers with a fault, for showing that the load generator notices it.</remarks>
internal static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        using var store = Open(arguments);
        if (store is not null)
        {
            StoreLoop.Run(store);
            return 0;
        }
        if (Build(arguments) is not { } app)
        {
            await Console.Error.WriteLineAsync(
                "usage: ceilings a | b [reversed | lossy | doubled] | signalr | empty PORT | disk FILE | sqlite FILE");
            return 2;
        }
        await app.StartAsync();
        Console.WriteLine($"listens on {app.Urls.Single()}/");
        await app.WaitForShutdownAsync();
        return 0;
    }

    private static IStore? Open(string[] arguments) => arguments switch
    {
        ["disk", var file] => new DiskStore(file),
        ["sqlite", var file] => new SqliteStore(file),
        _ => null,
    };

    private static WebApplication? Build(string[] arguments) => arguments switch
    {
        ["a"] => SocketServer.Build(Application()),
        ["b"] => FrameServer.Build(Application(), Fault.None),
        ["b", var name] when Enum.TryParse<Fault>(name, ignoreCase: true, out var fault) => FrameServer.Build(Application(), fault),
        ["signalr"] => HubServer.Build(Application()),
        ["empty", var port] => EmptyServer.Build(port),
        _ => null,
    };

    [SuppressMessage("Security", "CA5404", Justification = "There are no tokens here.")]
    private static WebApplicationBuilder Application()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(System.Net.IPAddress.Loopback, 0);
        });
        return builder;
    }
}

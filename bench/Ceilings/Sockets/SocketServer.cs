using System.Collections.Concurrent;
using System.Text;

namespace SharedState.Bench.Ceilings.Sockets;

/// <summary>Ceiling a: broadcasts by <c>WebSocket.SendAsync</c> to each socket, without JSON and storage.</summary>
internal static class SocketServer
{
    public static WebApplication Build(WebApplicationBuilder builder)
    {
        var app = builder.Build();
        var rooms = new ConcurrentDictionary<string, SocketRoom>();
        app.UseWebSockets();
        app.Run(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            using var member = new SocketMember(socket, name => rooms.GetOrAdd(Encoding.UTF8.GetString(name), _ => new()));
            await member.RunAsync(context.RequestAborted);
        });
        return app;
    }
}

using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace SharedState.Host.Http;

/// <summary>
/// Gives Kestrel its connections. Unlike Kestrel's own transport it lets an upgrade take the socket away (<see
/// cref="HttpSocket.HandOver"/>), so that nothing of HTTP is kept, or stands between a frame and the socket, while a WebSocket is open.
/// </summary>
/// <param name="listening">The listening socket of an end point, which the transport then owns.</param>
/// <param name="doorway">Bounds the connections.</param>
/// <param name="logger">Gets the reasons for which connections cannot be accepted.</param>
internal sealed class SocketTransport(Func<EndPoint, Socket> listening, Doorway doorway, ILogger logger) : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new(new SocketListener(listening(endpoint), doorway, logger));
}

using System.Net;
using System.Net.Sockets;

namespace SharedState.Host;

/// <summary>
/// GET <c>/lan</c>: tells a visitor on this computer under which address other devices of the network reach this server, for the link on
/// the first page: <c>{"url": "http://192.168.1.5:9000/"}</c>. The URL is null if the server listens on this computer only. Other visitors
/// get 404: they know an address that works for them, and the addresses inside of the network are none of their business.
/// </summary>
internal static class LanAddress
{
    /// <summary>An address for documentation (RFC 5737), which is reached by the default route. Nothing is sent to it.</summary>
    private static readonly IPEndPoint Elsewhere = new(IPAddress.Parse("192.0.2.1"), 9);

    public static void UseLanAddress(this IApplicationBuilder app, IReadOnlyList<IPEndPoint> endPoints, string scheme) =>
        app.Use((context, next) =>
        {
            if (context.Request.Path != "/lan" || !IsLocal(context)) return next(context);
            var headers = context.Response.Headers;
            headers.ContentType = "application/json; charset=utf-8";
            headers.CacheControl = "no-store"; // The address of a computer may change.
            headers.XContentTypeOptions = "nosniff";
            headers["Cross-Origin-Resource-Policy"] = "same-origin";
            var url = Find(endPoints) is { } address ? $"\"{scheme}://{address}/\"" : "null";
            return context.Response.WriteAsync($$"""{"url": {{url}}}""" + "\n");
        });

    /// <summary>
    /// Whether the visitor is on this computer, and the page from it: a page whose own name was made to resolve to this computer (DNS
    /// rebinding) sends that name as Host, and so does a proxy that passes the name on.
    /// </summary>
    private static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
        && (context.Request.Host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(context.Request.Host.Host, out var host) && IPAddress.IsLoopback(host)));

    private static IPEndPoint? Find(IReadOnlyList<IPEndPoint> endPoints)
    {
        if (endPoints.FirstOrDefault(endPoint => !IPAddress.IsLoopback(endPoint.Address)) is not { } open) return null;
        if (!open.Address.Equals(IPAddress.Any) && !open.Address.Equals(IPAddress.IPv6Any)) return open;
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(Elsewhere);
            return new(((IPEndPoint)socket.LocalEndPoint!).Address, open.Port);
        }
        catch (SocketException)
        {
            return null; // This computer is in no network.
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace SharedState.Host.Configuration;

/// <summary>
/// The sockets on which the host listens, bound while the configuration is checked: so a port that is taken is one of its mistakes, and
/// what was checked is what is used.
/// </summary>
internal sealed class ListenSockets : IDisposable
{
    private const string Choice = "use \"localhost\", \"0.0.0.0\" for all addresses, or one of this computer's own";

    private readonly List<Socket> _sockets = [];

    private ListenSockets()
    {
    }

    public IReadOnlyList<IPEndPoint> EndPoints => [.. _sockets.Select(socket => (IPEndPoint)socket.LocalEndPoint!)];

    public bool OnlyLoopback => EndPoints.All(endPoint => IPAddress.IsLoopback(endPoint.Address));

    /// <summary>Binds what the configuration asks for. After a mistake there may be fewer sockets than wanted, or none.</summary>
    public static ListenSockets Bind(HostConfig config)
    {
        var sockets = new ListenSockets();
        var port = config.Port;
        foreach (var address in Resolve(config))
        {
            try
            {
                sockets._sockets.Add(Listen(new(address, port)));
                // With port 0, all addresses get the port that the first one got.
                port = sockets.EndPoints[0].Port;
            }
            catch (SocketException e)
            {
                // A computer without IPv6 has a localhost all the same.
                if (config.Host == "localhost" && sockets._sockets.Count > 0 && IsAbsent(e)) continue;
                Report(config, new(address, port), e);
            }
        }
        return sockets;
    }

    /// <summary>The socket of an end point, for Kestrel, which owns it from then on.</summary>
    public Socket Take(EndPoint endPoint) => _sockets.Single(socket => socket.LocalEndPoint!.Equals(endPoint));

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    private static bool IsAbsent(SocketException e) =>
        e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported;

    private static IPAddress[] Resolve(HostConfig config)
    {
        if (config.Host == "localhost") return [IPAddress.Loopback, IPAddress.IPv6Loopback];
        if (IPAddress.TryParse(config.Host, out var address)) return [address];
        try
        {
            // To the resolver, no name means this computer's.
            if (config.Host.Length > 0) return [.. Dns.GetHostAddresses(config.Host).Distinct()];
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            // Said below.
        }
        config.File.Add(config.HostNode?.Place, "service.host", $"is no address, and no name that can be resolved; {Choice}");
        return [];
    }

    private static Socket Listen(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(endPoint);
            // Two sockets can be bound to one port; only listening tells.
            socket.Listen();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Report(HostConfig config, IPEndPoint endPoint, SocketException e)
    {
        var (node, field, sentence) = e.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => (config.PortNode, "port", $"{endPoint} is taken by another program; end that one, or take another port"),
            SocketError.AccessDenied => (config.PortNode, "port", $"this user may not listen on {endPoint}; take a port from 1024 on"),
            SocketError.AddressNotAvailable => (config.HostNode, "host", $"is not an address of this computer; {Choice}"),
            _ => (config.PortNode, "port", $"listening on {endPoint} failed: {e.Message}"),
        };
        config.File.Add(node?.Place, $"service.{field}", sentence);
    }
}

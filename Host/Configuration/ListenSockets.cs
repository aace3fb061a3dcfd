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

    private ListenSockets(ListenAddress address) => Address = address;

    /// <summary>What was asked for.</summary>
    public ListenAddress Address { get; }

    /// <summary>Those of the admin side, which has an address of its own; null: there is none.</summary>
    public ListenSockets? Admin { get; private init; }

    public IReadOnlyList<IPEndPoint> EndPoints => [.. _sockets.Select(socket => (IPEndPoint)socket.LocalEndPoint!)];

    public bool OnlyLoopback => EndPoints.All(endPoint => IPAddress.IsLoopback(endPoint.Address));

    /// <summary>Binds what the configuration asks for. After a mistake there may be fewer sockets than wanted, or none.</summary>
    public static ListenSockets Bind(HostConfig config)
    {
        ListenSockets? admin = null;
        if (config.Admin is { } address)
        {
            if (address.Port != 0 && address.Port == config.Address.Port)
                config.File.Add(address.PortNode?.Place, "service.admin.port", "must be another one than service.port: what is let through to that one must not reach the admin side");
            else admin = Bind(config.File, address, null);
        }
        return Bind(config.File, config.Address, admin);
    }

    /// <summary>The socket of an end point, for Kestrel, which owns it from then on.</summary>
    public Socket Take(EndPoint endPoint) => _sockets.Single(socket => socket.LocalEndPoint!.Equals(endPoint));

    /// <summary>Addresses to click on. All addresses of a computer are shown as the one that works on it.</summary>
    public IEnumerable<string> Urls(string scheme)
    {
        foreach (var endPoint in EndPoints.Take(Address.Host == "localhost" ? 1 : int.MaxValue))
        {
            var isAny = endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any);
            yield return isAny ? $"{scheme}://localhost:{endPoint.Port}/ and all other addresses of this computer"
                : Address.Host == "localhost" ? $"{scheme}://localhost:{endPoint.Port}/"
                : $"{scheme}://{endPoint}/";
        }
    }

    public void Dispose()
    {
        _sockets.ForEach(socket => socket.Dispose());
        Admin?.Dispose();
    }

    private static ListenSockets Bind(JsonFile file, ListenAddress wanted, ListenSockets? admin)
    {
        var sockets = new ListenSockets(wanted) { Admin = admin };
        var port = wanted.Port;
        foreach (var address in Resolve(file, wanted))
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
                if (wanted.Host == "localhost" && sockets._sockets.Count > 0 && IsAbsent(e)) continue;
                Report(file, wanted, new(address, port), e);
            }
        }
        return sockets;
    }

    private static bool IsAbsent(SocketException e) =>
        e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported;

    private static IPAddress[] Resolve(JsonFile file, ListenAddress wanted)
    {
        if (wanted.Host == "localhost") return [IPAddress.Loopback, IPAddress.IPv6Loopback];
        if (IPAddress.TryParse(wanted.Host, out var address)) return [address];
        try
        {
            // To the resolver, no name means this computer's.
            if (wanted.Host.Length > 0) return [.. Dns.GetHostAddresses(wanted.Host).Distinct()];
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            // Said below.
        }
        file.Add(wanted.HostNode?.Place, $"{wanted.Path}.host", $"is no address, and no name that can be resolved; {Choice}");
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

    private static void Report(JsonFile file, ListenAddress wanted, IPEndPoint endPoint, SocketException e)
    {
        var (node, field, sentence) = e.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => (wanted.PortNode, "port", $"{endPoint} is taken by another program; end that one, or take another port"),
            SocketError.AccessDenied => (wanted.PortNode, "port", $"this user may not listen on {endPoint}; take a port from 1024 on"),
            SocketError.AddressNotAvailable => (wanted.HostNode, "host", $"is not an address of this computer; {Choice}"),
            _ => (wanted.PortNode, "port", $"listening on {endPoint} failed: {e.Message}"),
        };
        file.Add(node?.Place, $"{wanted.Path}.{field}", sentence);
    }
}

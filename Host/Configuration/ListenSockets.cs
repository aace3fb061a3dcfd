using System.Net;
using System.Net.Sockets;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Configuration;

/// <summary>
/// The sockets on which the host listens. They are bound while the configuration is checked, so that a port in use is reported as one of
/// its mistakes, and the checked sockets are the ones that the host uses.
/// </summary>
internal sealed class ListenSockets : IDisposable
{
    private const string Choice = "use \"localhost\", \"0.0.0.0\" for all addresses, or one of this computer's own";

    private readonly List<Socket> _sockets = [];

    private ListenSockets(ListenAddress address) => Address = address;

    /// <summary>The configured address.</summary>
    public ListenAddress Address { get; }

    /// <summary>The sockets of the admin side; null: no admin side.</summary>
    public ListenSockets? Admin { get; private init; }

    public IReadOnlyList<IPEndPoint> EndPoints => [.. _sockets.Select(socket => (IPEndPoint)socket.LocalEndPoint!)];

    public bool OnlyLoopback => EndPoints.All(endPoint => IPAddress.IsLoopback(endPoint.Address));

    /// <summary>Binds the configured addresses. After a mistake, sockets may be missing.</summary>
    public static ListenSockets Bind(HostConfig config)
    {
        ListenSockets? admin = null;
        if (config.Admin is { } address)
        {
            if (address.Port != 0 && address.Port == config.Address.Port)
                config.File.Add(
                    address.PortNode?.Place, "service.admin.port",
                    "must differ from service.port: clients that may reach that port must not reach the admin side");
            else admin = Bind(config.File, address, null);
        }
        return Bind(config.File, config.Address, admin);
    }

    /// <summary>The mistakes that binding the sockets would find now. Binds them and lets go of them.</summary>
    public static IReadOnlyList<Mistake> Try(HostConfig config)
    {
        Mistake[] before = [.. config.File.Mistakes];
        Bind(config).Dispose();
        return [.. config.File.Mistakes.Except(before)];
    }

    /// <summary>The socket of an end point. Kestrel owns it from then on.</summary>
    public Socket Take(EndPoint endPoint) => _sockets.Single(socket => socket.LocalEndPoint!.Equals(endPoint));

    /// <summary>URLs to click on. All addresses of a computer are shown as the address that works on this computer.</summary>
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
                // With port 0, all addresses get the port of the first one.
                port = sockets.EndPoints[0].Port;
            }
            catch (SocketException e)
            {
                // A computer without IPv6 still has localhost.
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
            // The resolver takes an empty name for the name of this computer.
            if (wanted.Host.Length > 0) return [.. Dns.GetHostAddresses(wanted.Host).Distinct()];
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            // Reported below.
        }
        file.Add(wanted.HostNode?.Place, $"{wanted.Path}.host", $"is neither an address nor a name that can be resolved; {Choice}");
        return [];
    }

    private static Socket Listen(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(endPoint);
            // Two sockets can be bound to one port; only the second call of listen fails.
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
            SocketError.AddressAlreadyInUse =>
                (wanted.PortNode, "port", $"another program uses {endPoint}; end that program, or use another port"),
            SocketError.AccessDenied => (wanted.PortNode, "port", $"this user may not listen on {endPoint}; use a port of 1024 or more"),
            SocketError.AddressNotAvailable => (wanted.HostNode, "host", $"is not an address of this computer; {Choice}"),
            _ => (wanted.PortNode, "port", $"listening on {endPoint} failed: {e.Message}"),
        };
        file.Add(node?.Place, $"{wanted.Path}.{field}", sentence);
    }
}

using System.Net;
using System.Net.Sockets;

namespace SharedState.Host.Access;

/// <summary>
/// The pages that may talk to this server, and the names of this server. Immutable; a change of the configuration makes another policy.
/// </summary>
internal sealed class DoorPolicy
{
    private readonly HashSet<string> _origins; // the listed ones
    private readonly HashSet<string> _hosts;   // the names of this server, in lower case
    private readonly HashSet<IPAddress> _addresses;
    private readonly bool _guarded, _anyOrigin, _anyHost, _anyAddress, _loopback;

    /// <param name="settings">The configured lists.</param>
    /// <param name="address">The configured address of the server: a name or an address.</param>
    /// <param name="endPoints">The addresses on which the server listens.</param>
    /// <param name="guarded">Whether access is configured; then only listed pages and the server's own may connect.</param>
    public DoorPolicy(DoorSettings settings, string address, IReadOnlyList<IPEndPoint> endPoints, bool guarded)
    {
        _guarded = guarded;
        OnlyLoopback = endPoints.All(endPoint => IPAddress.IsLoopback(endPoint.Address));
        HasOrigins = settings.Origins is not null;
        _origins = new(settings.Origins ?? [], StringComparer.OrdinalIgnoreCase);
        _anyOrigin = _origins.Contains(DoorSettings.Any);
        _addresses = [.. endPoints.Select(endPoint => endPoint.Address)];
        _anyAddress = _addresses.Contains(IPAddress.Any) || _addresses.Contains(IPAddress.IPv6Any);
        _loopback = _anyAddress || _addresses.Any(IPAddress.IsLoopback);
        _anyHost = settings.Hosts is { } hosts ? hosts.Contains(DoorSettings.Any) : _anyOrigin || (!HasOrigins && !OnlyLoopback);
        _hosts = new(StringComparer.OrdinalIgnoreCase) { address };
        if (!OnlyLoopback) _hosts.Add(Dns.GetHostName());
        _hosts.UnionWith(_origins.Where(origin => origin != DoorSettings.Any).Select(origin => new Uri(origin).IdnHost));
        _hosts.UnionWith(settings.Hosts ?? []);
    }

    /// <summary>Whether only programs and browsers on this computer reach the server, or a proxy on it.</summary>
    public bool OnlyLoopback { get; }

    /// <summary>Whether <c>service.origins</c> is configured.</summary>
    public bool HasOrigins { get; }

    /// <summary>The origins that may connect, for the log.</summary>
    public string ShownOrigins => _anyOrigin ? "any"
        : _origins.Count > 0 && OnlyLoopback && !_guarded ? $"{string.Join(" ", _origins)} and those of this computer"
        : HasOrigins ? string.Join(" ", _origins)
        : _guarded ? "its own"
        : OnlyLoopback ? "those of this computer"
        : "any";

    /// <summary>The names and the addresses of this server, for the log.</summary>
    public string ShownHosts
    {
        get
        {
            if (_anyHost) return "any";
            string[] loopback = _loopback ? ["localhost"] : [];
            var names = _hosts.Where(host => AddressOf(host) is null).Union(loopback, StringComparer.OrdinalIgnoreCase);
            var addresses = _hosts.Select(AddressOf).OfType<IPAddress>().Concat(_addresses).Distinct().Select(Shown);
            return string.Join(" ", _anyAddress ? [.. names, "and all addresses"] : [.. names, .. addresses]);
        }
    }

    /// <summary>Whether a name or an address is one of this server.</summary>
    /// <param name="host">The header Host without its port.</param>
    public bool KnowsHost(string host)
    {
        // HTTP/1.0 needs no Host. Browsers always send it.
        if (_anyHost || host.Length == 0) return true;
        host = host.TrimEnd('.');
        if (_hosts.Contains(host) || _hosts.Contains(host.Trim('[', ']'))) return true;
        if (_loopback && IsLoopback(host)) return true;
        // No name can be rebound to an address that stands in the URL itself.
        return AddressOf(host) is { } address && (_anyAddress || _addresses.Contains(address));
    }

    /// <summary>Whether a page of an origin may connect. A program, which sends no origin, may.</summary>
    /// <param name="origin">The header Origin; empty if there is none.</param>
    /// <param name="host">The header Host.</param>
    /// <param name="isHttps">Whether the request came over TLS.</param>
    public bool LetsIn(string origin, HostString host, bool isHttps)
    {
        if (origin.Length == 0 || _anyOrigin || IsKnownPage(origin, host, isHttps)) return true;
        if (_guarded) return false;
        return OnlyLoopback ? IsOfThisComputer(origin) : !HasOrigins;
    }

    /// <summary>Whether an origin is that of the server itself or a listed one.</summary>
    public bool IsKnownPage(string origin, HostString host, bool isHttps) =>
        origin.Length > 0 && (_origins.Contains(origin) || IsOwn(origin, host.Value, isHttps));

    // Without TLS there may be a proxy that has it. With TLS, a page over http may be anybody's in the same network.
    private static bool IsOwn(string origin, string? host, bool isHttps)
    {
        var scheme = origin.IndexOf("://", StringComparison.Ordinal);
        var name = origin[..Math.Max(scheme, 0)];
        return (name == "https" || (name == "http" && !isHttps))
            && origin.AsSpan(scheme + 3).Equals(host, StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsOfThisComputer(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && DoorSettings.IsOrigin(uri, origin) && IsLoopback(uri.Host);

    private static IPAddress? AddressOf(string host) => IPAddress.TryParse(host, out var address) ? address : null;

    private static string Shown(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : $"{address}";

    /// <summary>Whether a name or an address stands for this computer on itself. Browsers resolve names below localhost so.</summary>
    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

using System.Net;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Access;

/// <summary>
/// Checks the headers Host and Origin of every HTTP request and every handshake: the pages of which sites may talk to this server, and by
/// which names. The checks protect people with browsers, which send both headers truthfully; programs can send anything.
/// </summary>
/// <remarks>
/// The check of Host defends against DNS rebinding: an attacker's name that resolves to this server makes a browser believe that the server
/// is the attacker's own. The attacker's page then has the same origin as the server, but its requests carry the attacker's name as Host.
/// </remarks>
internal sealed class Doors
{
    // In the log and in the answer: longer than any name of a host.
    private const int LongestShown = 300;

    private readonly ILogger _logger;
    private readonly Func<bool> _guarded;
    private readonly HashSet<string> _origins; // the listed ones
    private readonly HashSet<string> _hosts;   // the names of this server, in lower case
    private readonly HashSet<IPAddress> _addresses;
    private readonly bool _anyOrigin, _anyHost, _anyAddress, _loopback;

    /// <param name="settings">The configured lists.</param>
    /// <param name="address">The configured address of the server: a name or an address.</param>
    /// <param name="endPoints">The addresses on which the server listens.</param>
    /// <param name="guarded">Whether access is configured; then only listed pages and the server's own may connect.</param>
    /// <param name="logger">Gets the refusals.</param>
    public Doors(DoorSettings settings, string address, IReadOnlyList<IPEndPoint> endPoints, Func<bool> guarded, ILogger logger)
    {
        (_guarded, _logger) = (guarded, logger);
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
    public string Description => _anyOrigin ? "any"
        : _origins.Count > 0 && OnlyLoopback && !_guarded() ? $"{string.Join(" ", _origins)} and those of this computer"
        : HasOrigins ? string.Join(" ", _origins)
        : _guarded() ? "its own"
        : OnlyLoopback ? "those of this computer"
        : "any";

    /// <summary>Answers a request with 403 if its Host or its Origin is not let in; false for all others.</summary>
    public async Task<bool> TryRefuseAsync(HttpContext context)
    {
        var request = context.Request;
        if (!KnowsHost(request.Host.Host))
        {
            var host = Shown(request.Host.Host);
            AccessLog.WrongHost(_logger, context.Connection.RemoteIpAddress, host);
            await RefuseAsync(context,
                $"This server does not know the name {host}: add it to service.hosts in the server's configuration, "
                    + "or add the origin of your page to service.origins.");
            return true;
        }
        if (LetsIn(request)) return false;
        var origin = Shown(request.Headers.Origin.ToString());
        AccessLog.WrongOrigin(_logger, context.Connection.RemoteIpAddress, origin);
        await RefuseAsync(context,
            $"Pages of the origin {origin} may not connect: list it in service.origins in the server's configuration, like "
                + $"[\"{(origin is "null" ? "https://example.org" : origin)}\"].");
        return true;
    }

    /// <summary>
    /// Whether a request comes from a page of the server itself or of a listed origin, and says so. Only such a request may use a cookie,
    /// which browsers add to requests of all pages.
    /// </summary>
    public bool IsFromKnownPage(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        return origin.Length > 0 && (_origins.Contains(origin) || IsOwn(origin, request.Host.Value));
    }

    private bool LetsIn(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        if (origin.Length == 0 || _anyOrigin || IsFromKnownPage(request)) return true;
        // The client's code is the same for everyone, and pages of other origins import it as a module, with their Origin.
        if (request.Path.StartsWithSegments("/libs") && !IsUpgrade(request)) return true;
        if (_guarded()) return false;
        return OnlyLoopback ? IsOfThisComputer(origin) : !HasOrigins;
    }

    private bool KnowsHost(string host)
    {
        // HTTP/1.0 needs no Host. Browsers always send it.
        if (_anyHost || host.Length == 0) return true;
        host = host.TrimEnd('.');
        if (_hosts.Contains(host) || _hosts.Contains(host.Trim('[', ']'))) return true;
        if (_loopback && IsLoopback(host)) return true;
        // No name can be rebound to an address that stands in the URL itself.
        return IPAddress.TryParse(host, out var address) && (_anyAddress || _addresses.Contains(address));
    }

    private static bool IsUpgrade(HttpRequest request) => request.Headers.Upgrade.Count > 0;

    private static bool IsOwn(string origin, string? host)
    {
        var scheme = origin.IndexOf("://", StringComparison.Ordinal);
        return origin[..Math.Max(scheme, 0)] is "http" or "https"
            && origin.AsSpan(scheme + 3).Equals(host, StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsOfThisComputer(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && DoorSettings.IsOrigin(uri, origin) && IsLoopback(uri.Host);

    /// <summary>Whether a name or an address stands for this computer on itself. Browsers resolve names below localhost so.</summary>
    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static string Shown(string text) =>
        Printable.Text(text.Length > LongestShown ? $"{text.AsSpan(0, LongestShown)}.." : text);

    private static Task RefuseAsync(HttpContext context, string sentence)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(sentence + "\n");
    }
}

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

    private readonly string _address;
    private readonly IReadOnlyList<IPEndPoint> _endPoints;
    private readonly ILogger _logger;
    private volatile DoorPolicy _policy; // replaced as a whole

    /// <param name="settings">The configured lists.</param>
    /// <param name="guarded">Whether access is configured; then only listed pages and the server's own may connect.</param>
    /// <param name="address">The configured address of the server: a name or an address.</param>
    /// <param name="endPoints">The addresses on which the server listens.</param>
    /// <param name="logger">Gets the refusals.</param>
    public Doors(DoorSettings settings, bool guarded, string address, IReadOnlyList<IPEndPoint> endPoints, ILogger logger)
    {
        (_address, _endPoints, _logger) = (address, endPoints, logger);
        _policy = new(settings, address, endPoints, guarded);
    }

    /// <summary>The present policy.</summary>
    public DoorPolicy Policy => _policy;

    /// <summary>Takes over a configuration.</summary>
    public void Set(DoorSettings settings, bool guarded) => _policy = new(settings, _address, _endPoints, guarded);

    /// <summary>Answers a request with 403 if its Host or its Origin is not let in; false for all others.</summary>
    public async Task<bool> TryRefuseAsync(HttpContext context)
    {
        var request = context.Request;
        var policy = _policy;
        if (!policy.KnowsHost(request.Host.Host))
        {
            var host = Shown(request.Host.Host);
            AccessLog.WrongHost(_logger, context.Connection.RemoteIpAddress, host);
            await RefuseAsync(context,
                $"This server does not know the name {host}: add it to service.hosts in the server's configuration, "
                    + "or add the origin of your page to service.origins.");
            return true;
        }
        // The client's code is the same for everyone, and pages of other origins import it as a module, with their Origin.
        var isForAll = request.Path.StartsWithSegments("/libs") && !IsUpgrade(request);
        if (isForAll || policy.LetsIn(request.Headers.Origin.ToString(), request.Host, request.IsHttps)) return false;
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
    public bool IsFromKnownPage(HttpRequest request) =>
        _policy.IsKnownPage(request.Headers.Origin.ToString(), request.Host, request.IsHttps);

    /// <summary>Remembers a request that was let in.</summary>
    public Admission Admit(HttpRequest request) => new(this, request);

    private static bool IsUpgrade(HttpRequest request) => request.Headers.Upgrade.Count > 0;

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

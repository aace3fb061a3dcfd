using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SharedState.Host.Configuration;
using SharedState.Host.Diagnostics;
using SharedState.Host.Http;
using SharedState.Host.Listing;

namespace SharedState.Host.Admin;

/// <summary>
/// The admin side: plain HTTP on a port of its own, so that no setting of a proxy for the public port can expose it. It is read-only.
/// </summary>
internal sealed class AdminServer : IAsyncDisposable
{
    private const string Help = "GET /plugins lists the installed plugins and the state of the services that use them; " +
        "GET /healthz and /readyz tell whether the host is alive and ready; GET /metrics shows its metrics for Prometheus.";

    // Enough for people and a few programs that watch. A newer connection gets the place of the oldest.
    private const int Connections = 16;

    private readonly WebApplication _app;

    // One list at a time, because each list reads the files of all plugins.
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Health _health;
    private readonly Func<PluginList> _list;
    private readonly string _host;

    private AdminServer(ListenSockets sockets, Health health, Telemetry metrics, Func<PluginList> list, ILoggerFactory loggers)
    {
        (_health, _list, _host) = (health, list, sockets.Address.Host);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton(loggers);
        var doorway = new Doorway(TimeProvider.System, loggers.CreateLogger("Admin"));
        doorway.Open(Connections, share: 1);
        builder.Services.AddSingleton<IConnectionListenerFactory>(
            new SocketTransport(sockets.Take, doorway, loggers.CreateLogger("Admin")));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = null; // the doorway bounds them
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.KeepAliveTimeout = kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            foreach (var endPoint in sockets.EndPoints) kestrel.Listen(endPoint, listen => listen.Protocols = HttpProtocols.Http1);
        });
        _app = builder.Build();
        _app.Use(async (context, next) =>
        {
            if (IsWelcome(context)) await next(context);
            else await RefuseAsync(context);
        });
        metrics.Use(_app, IsScrape);
        _app.Run(AnswerAsync);
    }

    /// <summary>Starts the admin side; null if the configuration has none.</summary>
    /// <param name="sockets">The sockets; null if the configuration has no admin side.</param>
    /// <param name="health">Answers the health checks.</param>
    /// <param name="metrics">The metrics; null only without an admin side.</param>
    /// <param name="list">Makes the list of plugins.</param>
    /// <param name="loggers">Creates the loggers.</param>
    public static async Task<AdminServer?> StartAsync(
        ListenSockets? sockets, Health health, Telemetry? metrics, Func<PluginList> list, ILoggerFactory loggers)
    {
        if (sockets is null) return null;
        var server = new AdminServer(sockets, health, metrics!, list, loggers);
        await server._app.StartAsync();
        var logger = loggers.CreateLogger("Admin");
        var urls = string.Join(", ", sockets.Urls("http"));
        Log.AdminSide(logger, urls);
        if (!sockets.OnlyLoopback) Log.AdminOpenToTheNetwork(logger, urls);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _turn.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, stop) = (context.Request, context.RequestAborted);
        if (await _health.TryAnswerAsync(context))
        {
            // It was for a checker.
        }
        else if (request.Path.Value is not ("/plugins" or "/metrics"))
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"There is no {Printable.Text(request.Path)}. {Help}");
        }
        else if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            await RefuseAsync(
                context, StatusCodes.Status405MethodNotAllowed, $"{Printable.Text(request.Method)} is not allowed for {request.Path.Value}. {Help}");
        }
        else
        {
            await _turn.WaitAsync(stop);
            string json;
            try
            {
                json = _list().ToJson();
            }
            finally
            {
                _turn.Release();
            }
            await WriteAsync(context, json + "\n");
        }
    }

    /// <summary>
    /// Whether the request does not come from a web page. A page of another origin sends an Origin header, or cannot read the answer. A
    /// page whose own name was made to resolve to this computer (DNS rebinding) sends that name as Host, and not an address.
    /// </summary>
    private bool IsWelcome(HttpContext context)
    {
        var request = context.Request;
        if (request.Headers.Origin.Count > 0) return false;
        var host = request.Host.Host;
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.Equals(_host, StringComparison.OrdinalIgnoreCase))
            return true;
        return IPAddress.TryParse(host, out var address)
            && (IPAddress.IsLoopback(address) || address.Equals(Plain(context.Connection.LocalIpAddress!)));
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool IsScrape(HttpContext context) =>
        context.Request.Path == "/metrics" && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method));

    private static Task RefuseAsync(HttpContext context) => RefuseAsync(
        context, StatusCodes.Status403Forbidden,
        "The admin side refuses web pages and unknown Host headers: use " +
        $"http://localhost:{context.Connection.LocalPort}/plugins, or the host that service.admin names.");

    private static Task RefuseAsync(HttpContext context, int status, string sentence)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, $$"""{"error": {{JsonSerializer.Serialize(sentence)}}}""" + "\n");
    }

    private static Task WriteAsync(HttpContext context, string json)
    {
        var headers = context.Response.Headers;
        headers.ContentType = "application/json; charset=utf-8";
        headers.CacheControl = "no-store";
        // Pages must not be able to load the answer as a script or an image either.
        headers.XContentTypeOptions = "nosniff";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        return context.Response.WriteAsync(json, context.RequestAborted);
    }
}

using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Primitives;
using SharedState.Host.Access;
using SharedState.Host.Http;

namespace SharedState.Host.Connections;

/// <summary>
/// Takes the WebSocket upgrade, on any path: checks the handshake of RFC 6455, the token and the limits, and runs the connection.
/// </summary>
internal sealed class WebSocketEndpoint(HostState host, ConnectionRegistry connections, Entrance entrance, bool compression)
{
    private const string KeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3

    /// <summary>Serves a WebSocket handshake; false for any other request.</summary>
    public async Task<bool> TryServeAsync(HttpContext context)
    {
        var upgrade = context.Features.Get<IHttpUpgradeFeature>();
        if (!IsToken(context.Request.Headers.Upgrade, "websocket")) return false;

        // :: Step 1: the handshake
        var request = context.Request;
        var key = request.Headers.SecWebSocketKey.ToString();
        var isNewEnough = !HttpProtocol.IsHttp10(request.Protocol) && !HttpProtocol.IsHttp09(request.Protocol);
        if (!isNewEnough || upgrade is not { IsUpgradableRequest: true } || !HttpMethods.IsGet(request.Method))
        {
            await RefuseAsync(
                context, StatusCodes.Status400BadRequest, "A WebSocket handshake is a GET over HTTP/1.1 with Connection: Upgrade.");
            return true;
        }
        if (request.Headers.SecWebSocketVersion != "13")
        {
            context.Response.Headers.SecWebSocketVersion = "13";
            await RefuseAsync(context, StatusCodes.Status426UpgradeRequired, "This server speaks version 13 of the WebSocket protocol.");
            return true;
        }
        if (!Base64.IsValid(key, out var keyBytes) || keyBytes != 16)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "Sec-WebSocket-Key must be 16 bytes in base64.");
            return true;
        }

        // :: Step 2: the state of the host, and the client
        if (connections.Stopping)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "The server is stopping; connect again.");
            return true;
        }
        if (await entrance.TryEnterAsync(context) is not { } session) return true;

        // :: Step 3: the connection
        context.Response.Headers.SecWebSocketAccept = Accept(key);
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.Connection = "Upgrade";
        var compressed = compression && Compression.IsOffered(request.Headers.SecWebSocketExtensions.ToString());
        if (compressed) context.Response.Headers.SecWebSocketExtensions = Compression.Accepted;
        if (Subprotocol.Choose(request.Headers.SecWebSocketProtocol.ToString()) is { } chosen)
            context.Response.Headers.SecWebSocketProtocol = chosen;
        // Kestrel's rule for slow readers does not apply: a connection lags, and is closed when writes make no progress at all.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
        var stream = await upgrade.UpgradeAsync();
        var http = context.Features.GetRequiredFeature<HttpSocket>();
        if (request.IsHttps)
        {
            // Not context.Abort, which throws when the sweep calls it after the context has ended.
            var lifetime = context.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
            using var connection = new Connection(host, stream, early: [], compressed, lifetime.Abort, http.Visit.KeepUnsentSmall, session);
            using var gone = context.RequestAborted.Register(connection.Abort);
            await RunAsync(connection, session, http.Visit);
        }
        else
        {
            LeaveHttp(http, compressed, session);
        }
        return true;
    }

    /// <summary>Without TLS in between, the connection goes on with the bare socket; the request that began it ends.</summary>
    private void LeaveHttp(HttpSocket http, bool compressed, Session session)
    {
        var visit = http.Visit;
        byte[] early = [];
        early = http.HandOver(async socket =>
        {
            try
            {
                using var stream = new NetworkStream(socket, ownsSocket: true);
                using var connection = new Connection(host, stream, early, compressed, visit.Cut, visit.KeepUnsentSmall, session);
                await RunAsync(connection, session, visit);
            }
            catch (Exception exception)
            {
                ConnectionLog.Failed(host.Logger, exception);
            }
            finally
            {
                visit.Leave();
            }
        });
    }

    private async Task RunAsync(Connection connection, Session session, Visit visit)
    {
        if (!HasRoom(session.Identity) || !connections.TryAdd(connection, session.Address))
        {
            // The visit goes on until the connection has ended, so that refused clients are bounded, too.
            await connection.RefuseAsync(CloseCode.TooManyConnections, "the server has as many connections as it takes; come back later");
            return;
        }
        visit.Leave();
        try
        {
            await connection.RunAsync();
        }
        finally
        {
            connections.Remove(connection);
        }
    }

    /// <summary>Whether there is memory for the claims of a client.</summary>
    private bool HasRoom(Identity identity)
    {
        if (identity.Bytes == 0 || host.Limits.Memory.HasRoom(identity.Bytes)) return true;
        ConnectionLog.NoMemory(host.Logger, host.Limits.Memory.Limit);
        return false;
    }

    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 asks for SHA-1; it protects nothing.")]
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + KeySuffix)));

    private static bool IsToken(StringValues header, string token) =>
        header.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(token, StringComparer.OrdinalIgnoreCase);

    private static async Task RefuseAsync(HttpContext context, int status, string sentence)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(sentence + "\n");
    }
}

using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace SharedState.Bench.Ceilings.Frames;

/// <summary>
/// Ceiling b: writes ready-made frames straight to the upgraded connection, and joins what waits for one socket into one write. It neither
/// parses nor stores anything; nothing that does can be much faster on this framework.
/// </summary>
internal static class FrameServer
{
    private const string KeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3

    public static WebApplication Build(WebApplicationBuilder builder, Fault fault)
    {
        var app = builder.Build();
        var rooms = new ConcurrentDictionary<string, FrameRoom>();
        app.Run(async context =>
        {
            var response = context.Response;
            response.Headers.SecWebSocketAccept = Accept(context.Request.Headers.SecWebSocketKey.ToString());
            response.Headers.Upgrade = "websocket";
            response.Headers.Connection = "Upgrade";
            if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
            var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            await new FrameMember(stream, name => rooms.GetOrAdd(Encoding.UTF8.GetString(name), _ => new(fault))).RunAsync();
        });
        return app;
    }

    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 asks for SHA-1; it protects nothing.")]
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + KeySuffix)));
}

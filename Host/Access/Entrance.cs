using System.Net;

namespace SharedState.Host.Access;

/// <summary>Identifies the client of an HTTP request or a handshake by its Authorization header, or by the configured cookie.</summary>
/// <param name="access">Checks the token.</param>
/// <param name="doors">Tells which pages may use the cookie.</param>
internal sealed class Entrance(AccessControl access, Doors doors)
{
    private const string Scheme = "Bearer"; // RFC 6750, 2.1

    private static readonly string[] Telling =
        ["token", "access_token", "id_token", "jwt", "auth", "authorization", "bearer", "api_key", "apikey"];

    /// <summary>The session of a handshake that the doors let in. Null if the handshake was answered: its token is not valid (401), or
    /// stands in the URL (400).</summary>
    public async ValueTask<Session?> TryEnterAsync(HttpContext context)
    {
        var admission = doors.Admit(context.Request);
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return await TryIdentifyAsync(context, address) is { } identity ? new(access, identity, address, admission) : null;
    }

    private async ValueTask<Identity?> TryIdentifyAsync(HttpContext context, IPAddress address)
    {
        if (access.Policy is not { } policy) return Identity.Anonymous;
        if (HasTokenInUrl(context.Request.Query))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest,
                "A token in a URL ends up in logs and histories. Send it in the header \"Authorization: Bearer TOKEN\", or over the "
                    + "WebSocket by PUT /auth.");
            return null;
        }
        if (TokenOf(context.Request, policy) is not { } token) return Identity.Anonymous;
        if (await access.CheckAsync(policy, token, address, context.RequestAborted) is { } identity) return identity;
        context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        await RefuseAsync(context, StatusCodes.Status401Unauthorized, "The token is not valid; the server's log says why.");
        return null;
    }

    private string? TokenOf(HttpRequest request, AccessPolicy policy)
    {
        var header = request.Headers.Authorization.ToString();
        var end = header.IndexOf(' ', StringComparison.Ordinal);
        var scheme = end < 0 ? header : header[..end];
        if (scheme.Equals(Scheme, StringComparison.OrdinalIgnoreCase)) return header[scheme.Length..].Trim();
        if (policy.Cookie is not { } name || !doors.IsFromKnownPage(request)) return null;
        return request.Cookies.TryGetValue(name, out var cookie) && cookie.Length > 0 ? cookie : null;
    }

    private static bool HasTokenInUrl(IQueryCollection query) =>
        query.Any(field => Telling.Contains(field.Key, StringComparer.OrdinalIgnoreCase) || field.Value.Any(IsToken));

    private static bool IsToken(string? text) =>
        text is not null
        && (text.StartsWith(ApiKey.Prefix, StringComparison.Ordinal)
            || (text.StartsWith("eyJ", StringComparison.Ordinal) && text.AsSpan().Count('.') == 2));

    private static Task RefuseAsync(HttpContext context, int status, string sentence)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(sentence + "\n");
    }
}

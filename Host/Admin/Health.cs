using System.Text.Json;
using System.Text.Json.Serialization;
using SharedState.Host.Changes;

namespace SharedState.Host.Admin;

/// <summary>
/// <c>/healthz</c> (the process answers) and <c>/readyz</c> (its services can be used), for load balancers and supervisors. The answers
/// name services, and nothing else that a client could not know.
/// </summary>
internal sealed class Health(ServiceSet services, Func<bool> stopping)
{
    /// <summary>
    /// Answers a request for one of the two paths; false for any other. A WebSocket handshake there is answered in the same way.
    /// </summary>
    public async Task<bool> TryAnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (request.Path.Value is not ("/healthz" or "/readyz")) return false;
        // A checker comes again with a new connection; an open one would take the place of a handshake meanwhile.
        response.Headers.Connection = "close";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "GET, HEAD";
            return true;
        }
        var reasons = request.Path.Value == "/readyz" ? Reasons() : [];
        if (reasons.Count > 0) response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        response.ContentType = "application/json; charset=utf-8";
        await response.WriteAsync(JsonSerializer.Serialize(new Answer(reasons.Count == 0, reasons)) + "\n", context.RequestAborted);
        return true;
    }

    /// <summary>Why the host should get no new clients; empty if it should.</summary>
    public IReadOnlyList<string> Reasons()
    {
        var reasons = new List<string>();
        if (stopping()) reasons.Add("the host is stopping");
        foreach (var service in services.Services)
        {
            if (service.Writer is not { Refusal: null } writer) reasons.Add($"service {service.Name} does not run");
            else if (writer.Obstacle is not null) reasons.Add($"the storage of service {service.Name} is not open yet");
            else if (writer.Trouble is not null) reasons.Add($"the storage of service {service.Name} is away");
        }
        return reasons;
    }

    private sealed record Answer(
        [property: JsonPropertyName("ok")] bool Ok, [property: JsonPropertyName("reasons")] IReadOnlyList<string> Reasons);
}

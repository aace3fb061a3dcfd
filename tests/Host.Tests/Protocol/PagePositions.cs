using System.Text.Json.Nodes;

namespace SharedState.Host.Tests.Protocol;

/// <summary>
/// Compares a message of the page with one of the host. Revisions and epochs are other ones at the host, so that the page's first one
/// stands for the host's; later ones must have the same distance from it.
/// </summary>
internal sealed class PagePositions
{
    private (long Distance, string? Epoch)? _bound;

    /// <summary>The revision of the page is the host's.</summary>
    public void Bind(long page, JsonNode host) => _bound = ((long)host["rev"]! - page, (string?)host["epoch"]);

    /// <summary>The page's message as the host has to get it.</summary>
    public JsonNode? Filled(JsonNode? message, string token)
    {
        switch (message)
        {
            case JsonObject fields:
                return new JsonObject(
                    fields.Select(field => KeyValuePair.Create(
                        field.Key,
                        field.Key switch
                        {
                            "since" => (long)field.Value! + _bound!.Value.Distance,
                            "epoch" => _bound!.Value.Epoch,
                            _ => Filled(field.Value, token),
                        })));
            case JsonArray items: return new JsonArray([.. items.Select(item => Filled(item, token))]);
            default: return StartOf(message) is null ? message?.DeepClone() : token;
        }
    }

    /// <summary>Whether the host's message is the page's. If so, its positions are known from now on.</summary>
    public bool Match(JsonNode page, JsonNode host)
    {
        var before = _bound;
        if (page["limits"] is null) host.AsObject().Remove("limits"); // Only the first reply of a connection has them.
        if (IsLike(page, host, "")) return true;
        _bound = before;
        return false;
    }

    private bool IsLike(JsonNode? page, JsonNode? host, string field)
    {
        switch (page)
        {
            case JsonObject fields when host is JsonObject all:
                if (!_bound.HasValue && fields["rev"] is { } rev && all["rev"] is not null) Bind((long)rev, all);
                return (fields.ContainsKey(PageExample.More) || fields.Count == all.Count)
                    && fields.All(pair => pair.Key == PageExample.More
                        || all.ContainsKey(pair.Key) && IsLike(pair.Value, all[pair.Key], pair.Key));
            case JsonArray items when host is JsonArray all:
                var more = StartOf(items.LastOrDefault()) == "";
                var count = more ? items.Count - 1 : items.Count;
                return (more ? all.Count >= count : all.Count == count)
                    && items.Take(count).Zip(all).All(pair => IsLike(pair.First, pair.Second, ""));
            case JsonValue when host is not null && field is "rev" or "prev": return (long)page + _bound?.Distance == (long?)host;
            case JsonValue when host is not null && field == "epoch": return (string?)host == _bound?.Epoch;
            case JsonValue when StartOf(page) is { } start: return ((string?)host)?.StartsWith(start, StringComparison.Ordinal) == true;
            default: return JsonNode.DeepEquals(page, host);
        }
    }

    /// <summary>The text before the mark; null if the value is no text with one.</summary>
    private static string? StartOf(JsonNode? page) =>
        page is JsonValue value && value.TryGetValue<string>(out var text) && text.EndsWith(PageExample.More, StringComparison.Ordinal)
            ? text[..^1]
            : null;
}

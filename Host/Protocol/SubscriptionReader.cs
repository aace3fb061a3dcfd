using System.Text.Json;

namespace SharedState.Host.Protocol;

/// <summary>Reads the argument of a PUT on <c>/subs</c>.</summary>
internal static class SubscriptionReader
{
    public static void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Request request, Limits limits)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            request.Error = Error.BadRequest("the \"arg\" of a PUT on /subs is an object with \"insert\", a list of [path, options]");
            return;
        }
        var insert = new OrderedDictionary<string, SubscriptionRequest>(StringComparer.Ordinal);
        var remove = new List<string>();
        bool sawInsert = false, sawRemove = false, sawReset = false, replace = true;
        while (request.Error is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonText.Is(ref reader, "insert"u8))
            {
                request.Once(ref sawInsert, "insert");
                reader.Read();
                ReadInsert(ref reader, message, insert, request, limits);
            }
            else if (JsonText.Is(ref reader, "remove"u8))
            {
                request.Once(ref sawRemove, "remove");
                reader.Read();
                ReadRemove(ref reader, remove, request, limits);
            }
            else if (JsonText.Is(ref reader, "reset"u8))
            {
                request.Once(ref sawReset, "reset");
                reader.Read();
                replace = ReadReset(ref reader, request);
            }
            else
            {
                reader.Read();
                RawJson.Skip(ref reader, limits.EnvelopeDepth, request);
            }
        }
        if (request.Error is null) request.Subscriptions = new(replace, [.. insert.Values], remove);
    }

    private static void ReadInsert(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> message, OrderedDictionary<string, SubscriptionRequest> insert, Request request, Limits limits)
    {
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            request.Error ??= Error.BadRequest("\"insert\" is a list of [path, options]");
            return;
        }
        for (var index = 0; request.Error is null && reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            if (index == limits.RequestItems) request.Error = TooMany(limits);
            else if (!TryReadOne(ref reader, message, insert, request, limits))
                request.Error ??= Error.BadRequest($"insert[{index}]: a subscription is [path, options], a string and an object");
        }
    }

    /// <summary>Reads <c>[path]</c>, <c>[path, null]</c> or <c>[path, options]</c>; of two with one spelling the later counts.</summary>
    private static bool TryReadOne(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> message, OrderedDictionary<string, SubscriptionRequest> insert, Request request, Limits limits)
    {
        if (reader.TokenType != JsonTokenType.StartArray || !reader.Read() || !JsonText.TryRead(ref reader, out var spelling)) return false;
        var options = SubscriptionOptions.None;
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject) options = SubscriptionOptions.Read(ref reader, message, request, limits);
        if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.Null) reader.Read();
        if (reader.TokenType != JsonTokenType.EndArray) return false;
        insert[spelling] = Subscribe(spelling, options, limits);
        return true;
    }

    private static SubscriptionRequest Subscribe(string spelling, SubscriptionOptions options, Limits limits)
    {
        CollectionPath.TryParse(spelling, limits, out var path, out var error);
        return new()
        {
            Spelling = spelling,
            Path = path,
            Error = error ?? options.Error,
            Options = options.Echo,
            Since = options is { Since: { } revision, Epoch: { } epoch } ? new Position(epoch, revision) : null,
            Conflate = options.Conflate,
            MinInterval = options.MinInterval,
        };
    }

    private static bool ReadReset(ref Utf8JsonReader reader, Request request)
    {
        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
            request.Error ??= Error.BadRequest("\"reset\" is true or false");
        return reader.TokenType != JsonTokenType.False;
    }

    private static void ReadRemove(ref Utf8JsonReader reader, List<string> remove, Request request, Limits limits)
    {
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            request.Error ??= Error.BadRequest("\"remove\" is a list of paths");
            return;
        }
        while (request.Error is null && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (remove.Count == limits.RequestItems) request.Error = TooMany(limits);
            else if (JsonText.TryRead(ref reader, out var spelling)) remove.Add(spelling);
            else request.Error = Error.BadRequest($"remove[{remove.Count}]: a path is a string, without lone surrogates");
        }
    }

    private static Error TooMany(Limits limits) => Error.Limit($"a request names at most {limits.RequestItems} paths; send several requests");
}

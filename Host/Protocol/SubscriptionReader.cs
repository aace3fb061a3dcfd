using System.Text.Json;

namespace SharedState.Host.Protocol;

/// <summary>Reads the argument of a PUT on <c>/subs</c>.</summary>
internal static class SubscriptionReader
{
    // Faster than the one would be no limit in effect; slower than the other, and an update that waits for its own notification could
    // not be answered in time.
    private const double FastestRate = 1_000, SlowestRate = 0.2;

    public static void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Request request, Limits limits)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            request.Error = Error.BadRequest("the \"arg\" of a PUT on /subs is an object with \"insert\", a list of [path, options]");
            return;
        }
        var insert = new OrderedDictionary<string, SubscriptionRequest>(StringComparer.Ordinal);
        var remove = new List<string>();
        var replace = true;
        while (request.Error is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("insert"u8))
            {
                reader.Read();
                ReadInsert(ref reader, message, insert, request, limits);
            }
            else if (reader.ValueTextEquals("remove"u8))
            {
                reader.Read();
                ReadRemove(ref reader, remove, request);
            }
            else if (reader.ValueTextEquals("reset"u8))
            {
                reader.Read();
                if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
                    request.Error = Error.BadRequest("\"reset\" is true or false");
                replace = reader.TokenType != JsonTokenType.False;
            }
            else
            {
                reader.Read();
                JsonSlice.Skip(ref reader, limits.EnvelopeDepth, request);
            }
        }
        request.Subscriptions = new(replace, [.. insert.Values], remove);
    }

    private static void ReadInsert(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> message, OrderedDictionary<string, SubscriptionRequest> insert, Request request, Limits limits)
    {
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            request.Error = Error.BadRequest("\"insert\" is a list of [path, options]");
            return;
        }
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            if (reader.TokenType != JsonTokenType.StartArray || !reader.Read() || !JsonText.TryRead(ref reader, out var spelling))
            {
                request.Error = Error.BadRequest($"insert[{index}]: a subscription is [path, options]");
                return;
            }
            reader.Read();
            var options = reader.TokenType == JsonTokenType.StartObject ? SubscriptionOptions.Read(ref reader, message, request, limits) : null;
            if (reader.TokenType is JsonTokenType.Null or JsonTokenType.EndObject) reader.Read();
            if (reader.TokenType != JsonTokenType.EndArray) request.Error ??= Error.BadRequest($"insert[{index}]: a subscription is [path, options]");
            if (request.Error is not null) return;
            if (index >= limits.RequestItems)
            {
                request.Error = Error.Limit($"a request names at most {limits.RequestItems} paths; send several");
                return;
            }
            insert.Remove(spelling);
            insert[spelling] = Subscribe(spelling, options, limits);
        }
    }

    private static SubscriptionRequest Subscribe(string spelling, SubscriptionOptions? options, Limits limits)
    {
        CollectionPath.TryParse(spelling, limits, out var path, out var error);
        if (error is null && options?.MaxRate is < SlowestRate or > FastestRate)
            error = Error.BadRequest($"\"maxRate\" is from {SlowestRate} to {FastestRate} notifications a second");
        return new()
        {
            Spelling = spelling,
            Path = path,
            Error = error ?? options?.Error,
            Options = options?.Echo ?? SubscriptionOptions.None,
            Since = options is { Since: { } revision, Epoch: { } epoch } ? new Position(epoch, revision) : null,
            Conflate = options?.Conflate ?? false,
            MinInterval = options?.MaxRate is { } rate ? TimeSpan.FromSeconds(1 / rate) : TimeSpan.Zero,
        };
    }

    private static void ReadRemove(ref Utf8JsonReader reader, List<string> remove, Request request)
    {
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            request.Error = Error.BadRequest("\"remove\" is a list of paths");
            return;
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!JsonText.TryRead(ref reader, out var spelling))
            {
                request.Error = Error.BadRequest($"remove[{remove.Count}]: a path is a string");
                return;
            }
            remove.Add(spelling);
        }
    }
}

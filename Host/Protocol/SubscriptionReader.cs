using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>Reads the argument of a PUT on <c>/subs</c>.</summary>
internal static class SubscriptionReader
{
    /// <summary>Reads the object that the reader is at. Null if it is invalid; <paramref name="error"/> then has the reason.</summary>
    public static SubscriptionChange? Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Limits limits, ref Error? error)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            error = Error.BadRequest("the \"arg\" of a PUT on /subs is an object with \"insert\", a list of [path, options]");
            return null;
        }
        var insert = new OrderedDictionary<SubscriptionName, SubscriptionRequest>();
        var refused = new List<SubscriptionRequest>();
        var remove = new List<SubscriptionName>();
        bool sawInsert = false, sawRemove = false, sawReset = false, replace = true;
        while (error is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonText.Is(ref reader, "insert"u8))
            {
                RawJson.Enter(ref reader, ref sawInsert, "insert", ref error);
                ReadInsert(ref reader, message, insert, refused, limits, ref error);
            }
            else if (JsonText.Is(ref reader, "remove"u8))
            {
                RawJson.Enter(ref reader, ref sawRemove, "remove", ref error);
                ReadRemove(ref reader, remove, limits, ref error);
            }
            else if (JsonText.Is(ref reader, "reset"u8))
            {
                RawJson.Enter(ref reader, ref sawReset, "reset", ref error);
                replace = ReadReset(ref reader, ref error);
            }
            else
            {
                reader.Read();
                RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
            }
        }
        return error is null ? new(replace, [.. insert.Values, .. refused], remove) : null;
    }

    private static void ReadInsert(
        ref Utf8JsonReader reader,
        ReadOnlySpan<byte> message,
        OrderedDictionary<SubscriptionName, SubscriptionRequest> insert,
        List<SubscriptionRequest> refused,
        Limits limits,
        ref Error? error)
    {
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            error ??= Error.BadRequest("\"insert\" is a list of [path, options]");
            return;
        }
        for (var index = 0; error is null && reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            if (index == limits.RequestItems) error = TooMany(limits);
            else if (!TryReadOne(ref reader, message, insert, refused, limits, ref error))
                error ??= Error.BadRequest($"insert[{index}]: a subscription is [path, options], a string and an object");
        }
    }

    /// <summary>Reads <c>[path]</c>, <c>[path, null]</c> or <c>[path, options]</c>; of two with one name the later counts.</summary>
    private static bool TryReadOne(
        ref Utf8JsonReader reader,
        ReadOnlySpan<byte> message,
        OrderedDictionary<SubscriptionName, SubscriptionRequest> insert,
        List<SubscriptionRequest> refused,
        Limits limits,
        ref Error? error)
    {
        if (reader.TokenType != JsonTokenType.StartArray || !reader.Read() || !JsonText.TryRead(ref reader, out var spelling)) return false;
        var options = SubscriptionOptions.None;
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject) options = SubscriptionOptions.Read(ref reader, message, limits, ref error);
        if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.Null) reader.Read();
        if (reader.TokenType != JsonTokenType.EndArray) return false;
        CollectionPath.TryParse(spelling, limits, out var path, out var pathError);
        var name = new SubscriptionName(spelling, options.As);
        var wanted = new SubscriptionRequest { Name = name, Path = path, Error = pathError ?? options.Error, Options = options };
        if (options.Error is null) insert[name] = wanted;
        else refused.Add(wanted); // its name may not be the one that was meant
        return true;
    }

    private static bool ReadReset(ref Utf8JsonReader reader, ref Error? error)
    {
        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
            error ??= Error.BadRequest("\"reset\" is true or false");
        return reader.TokenType != JsonTokenType.False;
    }

    private static void ReadRemove(ref Utf8JsonReader reader, List<SubscriptionName> remove, Limits limits, ref Error? error)
    {
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            error ??= Error.BadRequest("\"remove\" is a list of paths");
            return;
        }
        while (error is null && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (remove.Count == limits.RequestItems) error = TooMany(limits);
            else if (TryReadName(ref reader, out var name)) remove.Add(name);
            else
                error = Error.BadRequest(
                    $"remove[{remove.Count}]: a subscription is a path, or [path, name], strings without lone surrogates");
        }
    }

    /// <summary>Reads a path, <c>[path]</c>, <c>[path, null]</c> or <c>[path, name]</c>.</summary>
    private static bool TryReadName(ref Utf8JsonReader reader, out SubscriptionName name)
    {
        name = default;
        var isList = reader.TokenType == JsonTokenType.StartArray && reader.Read();
        if (!JsonText.TryRead(ref reader, out var spelling)) return false;
        name = new(spelling, null);
        if (!isList) return true;
        reader.Read();
        if (JsonText.TryRead(ref reader, out var key)) name = new(spelling, key);
        if (reader.TokenType is JsonTokenType.String or JsonTokenType.Null) reader.Read();
        return reader.TokenType == JsonTokenType.EndArray;
    }

    private static Error TooMany(Limits limits) =>
        Error.Limit($"a request names at most {limits.RequestItems} paths; send several requests");
}

using System.Text;
using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>The checks that the parts of an update have in common.</summary>
internal static class UpdateParts
{
    private const string NoId = "an id is a string, without lone surrogates";

    public static bool StartsList(ref Utf8JsonReader reader, string field, ref Error? error)
    {
        if (reader.TokenType == JsonTokenType.StartArray) return true;
        if (reader.TokenType != JsonTokenType.Null) error ??= Error.BadRequest($"\"{field}\" is a list");
        return false;
    }

    public static Error? CheckId(ref Utf8JsonReader reader, Limits limits, out string id)
    {
        id = "";
        return JsonText.TryRead(ref reader, out var text) ? CheckId(id = text, limits) : Error.BadRequest(NoId);
    }

    /// <summary>Checks the id that is the name of the field the reader stands on.</summary>
    public static Error? CheckIdAsName(ref Utf8JsonReader reader, Limits limits, out string id)
    {
        id = JsonText.NameOf(reader.ValueSpan, out var isText);
        return isText ? CheckId(id, limits) : Error.BadRequest(NoId);
    }

    private static Error? CheckId(string text, Limits limits)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        return bytes >= 1 && bytes <= limits.IdBytes
            ? null
            : Error.BadRequest($"an id has 1-{limits.IdBytes} bytes of UTF-8; this one has {bytes}");
    }

    public static Error At(string place, Error error) => error with { Message = $"{place}: {error.Message}" };
}

using System.Text;
using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>The checks that the parts of an update have in common.</summary>
internal static class UpdateParts
{
    public static bool StartsList(ref Utf8JsonReader reader, string field, ref Error? error)
    {
        if (reader.TokenType == JsonTokenType.StartArray) return true;
        if (reader.TokenType != JsonTokenType.Null) error ??= Error.BadRequest($"\"{field}\" is a list");
        return false;
    }

    public static Error? CheckId(ref Utf8JsonReader reader, Limits limits, out string id)
    {
        id = "";
        if (!JsonText.TryRead(ref reader, out var text)) return Error.BadRequest("an id is a string, without lone surrogates");
        id = text;
        var bytes = Encoding.UTF8.GetByteCount(text);
        return bytes >= 1 && bytes <= limits.IdBytes
            ? null
            : Error.BadRequest($"an id has 1-{limits.IdBytes} bytes of UTF-8; this one has {bytes}");
    }

    public static Error At(string place, Error error) => error with { Message = $"{place}: {error.Message}" };
}

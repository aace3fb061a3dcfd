using System.Text.Json;
using SharedState.Host.Collections;

namespace SharedState.Host.Protocol;

/// <summary>Skips JSON values without interpreting them, and copies them unchanged.</summary>
internal static class RawJson
{
    /// <summary>Copies the value that the reader stands on; null where it is too long, which is an error.</summary>
    /// <param name="reader">Stands on the value's first token; on return on its last.</param>
    /// <param name="message">What the reader reads.</param>
    /// <param name="field">The field that has the value.</param>
    /// <param name="limits">The limits on the value: its bytes are those of a tunnel.</param>
    /// <param name="error">Gets the error, if it has none.</param>
    public static byte[]? Copy(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, string field, Limits limits, ref Error? error)
    {
        var start = (int)reader.TokenStartIndex;
        Skip(ref reader, limits.EnvelopeDepth, ref error);
        var value = message[start..(int)reader.BytesConsumed];
        if (value.Length <= limits.TunnelBytes) return value.ToArray();
        error ??= Error.TooLarge($"the \"{field}\" of a request has at most {limits.TunnelBytes} bytes; this one has {value.Length}");
        return null;
    }

    /// <summary>Moves the reader from the name of a field to its value. A second occurrence is an error, because the meaning would be
    /// ambiguous.</summary>
    public static void Enter(ref Utf8JsonReader reader, ref bool seen, string field, ref Error? error)
    {
        if (seen) error ??= Error.BadRequest($"the field \"{field}\" comes twice");
        seen = true;
        reader.Read();
    }

    /// <summary>Skips the value that the reader is at.</summary>
    public static void Skip(ref Utf8JsonReader reader, int depth, ref Error? error)
    {
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray)) return;
        var outside = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > outside)
        {
            // CurrentDepth counts the containers around a start token, not the one that it opens.
            if (reader.CurrentDepth >= depth && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                error ??= Error.BadRequest($"the message is nested deeper than {depth} levels outside its items");
        }
    }
}

using System.Text.Json;

namespace SharedState.Host.Protocol;

/// <summary>Where a JSON value stands in a message.</summary>
internal readonly record struct JsonSlice(int Start, int Length)
{
    public bool IsEmpty => Length == 0;

    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> message) => message.Slice(Start, Length);

    /// <summary>Passes over the value that the reader stands on, and says where it was.</summary>
    /// <param name="reader">Stands on the value's first token; on return on its last.</param>
    /// <param name="depth">How deep, from the reader's start, the value may go; deeper is an error of the request.</param>
    /// <param name="request">Gets the error.</param>
    public static JsonSlice Read(ref Utf8JsonReader reader, int depth, Request request)
    {
        var start = (int)reader.TokenStartIndex;
        Skip(ref reader, depth, request);
        return new(start, (int)reader.BytesConsumed - start);
    }

    /// <summary>Passes over the value that the reader stands on.</summary>
    public static void Skip(ref Utf8JsonReader reader, int depth, Request request)
    {
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray)) return;
        var outside = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > outside)
        {
            // CurrentDepth counts the containers around a start token, not the one that it opens.
            if (reader.CurrentDepth >= depth && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                request.Error ??= Error.BadRequest($"the message is nested deeper than {depth} levels");
        }
    }
}

using System.Buffers;
using System.Text.Json;

namespace SharedState.Items.MySql;

/// <summary>
/// Reads what stands in the column <c>data</c>, in either of its two forms: the whole item, or, as older installations wrote it, only
/// the value of the item's <c>data</c>.
/// </summary>
internal static class ItemText
{
    /// <summary>Deeper than any item that a client may send; what is deeper still was written by another program and can't be served.</summary>
    private static readonly JsonReaderOptions _options = new() { MaxDepth = 1000 };

    /// <summary>Reads an item that another program may have written.</summary>
    /// <param name="stored">The id as it stands in the row.</param>
    /// <param name="data">The row's data; null for NULL, which older installations wrote for an item without data.</param>
    /// <param name="id">The item's id.</param>
    /// <param name="json">The whole item: <paramref name="data"/> itself if it is one.</param>
    /// <returns>False if it is neither, because it is no JSON or has no id.</returns>
    public static bool TryRead(string stored, byte[]? data, out string id, out ReadOnlyMemory<byte> json)
    {
        (id, json) = (stored, data);
        if (stored.Length == 0) return false;
        try
        {
            if (data is not null && TryFindId(data, out var found) && StoredName.Of(found, StoredName.IdLimit) == stored)
            {
                id = found;
                return true;
            }
            json = Whole(stored, data);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Finds a whole item's id: the value of its last key <c>id</c>, as most readers of JSON take it.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static bool TryFindId(ReadOnlySpan<byte> data, out string id)
    {
        id = "";
        var reader = new Utf8JsonReader(data, _options);
        reader.Read();
        var isObject = reader.TokenType == JsonTokenType.StartObject;
        while (reader.Read())
        {
            if (!isObject || reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName || !IsId(reader.ValueSpan)) continue;
            reader.Read();
            id = reader.TokenType == JsonTokenType.String ? Text(ref reader) : "";
        }
        return id.Length > 0;
    }

    /// <summary>Whether a key, as it stands in the JSON, is <c>id</c>: these are all the ways to write it.</summary>
    private static bool IsId(ReadOnlySpan<byte> key) =>
        key.SequenceEqual("id"u8) || key.SequenceEqual("\\u0069d"u8) || key.SequenceEqual("i\\u0064"u8) || key.SequenceEqual("\\u0069\\u0064"u8);

    private static string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate, which is valid JSON though no text: no client can have written it as an id.
            return "";
        }
    }

    private static ReadOnlyMemory<byte> Whole(string id, byte[]? data)
    {
        var json = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(json);
        writer.WriteStartObject();
        writer.WriteString("id"u8, id);
        writer.WritePropertyName("data"u8);
        writer.WriteRawValue(data ?? "null"u8, skipInputValidation: true);
        writer.WriteEndObject();
        writer.Flush();
        return json.WrittenMemory;
    }
}

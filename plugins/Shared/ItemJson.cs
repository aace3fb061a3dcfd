using System.Buffers;
using System.Text.Json;

namespace SharedState.Items;

/// <summary>What tables of older installations hold of an item: all of it, or only the value of its <c>data</c>.</summary>
internal static class ItemJson
{
    /// <summary>
    /// Deeper than any item that a client may send; what is deeper still was written by another program and can't be served.
    /// </summary>
    public static readonly JsonReaderOptions Options = new() { MaxDepth = 1000 };

    /// <summary>Whether a key, as it stands in the JSON, is <c>id</c>: these are all the ways to write it.</summary>
    public static bool IsId(ReadOnlySpan<byte> key) =>
        key.SequenceEqual("id"u8)
        || key.SequenceEqual("\\u0069d"u8)
        || key.SequenceEqual("i\\u0064"u8)
        || key.SequenceEqual("\\u0069\\u0064"u8);

    /// <summary>The whole item of which only the value of its <c>data</c> is stored.</summary>
    /// <param name="id">The item's id.</param>
    /// <param name="data">The value, which was read as JSON before; null stands for JSON's null.</param>
    public static ReadOnlyMemory<byte> Whole(string id, byte[]? data)
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

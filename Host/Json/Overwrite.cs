using System.Buffers;
using System.Text;
using System.Text.Json;

namespace SharedState.Host.Json;

/// <summary>Overwrites fields of JSON objects with fixed values. Other members keep their bytes and their order.</summary>
/// <param name="fields">The names, each once, and the JSON of the values.</param>
internal sealed class Overwrite(IReadOnlyList<(string Name, byte[] Json)> fields)
{
    private static readonly JsonReaderOptions Deep = new() { MaxDepth = int.MaxValue };

    /// <summary>The object with the values.</summary>
    /// <param name="item">A JSON object.</param>
    public byte[] Apply(ReadOnlyMemory<byte> item)
    {
        var output = new ArrayBufferWriter<byte>(item.Length + 64);
        var written = new bool[fields.Count];
        var reader = new Utf8JsonReader(item.Span, Deep);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var field = IndexOf(JsonText.NameOf(reader.ValueSpan));
            reader.Read();
            reader.Skip();
            // Of several members with one name, each would count for some reader.
            if (field < 0) Begin(output).Write(item.Span[start..(int)reader.BytesConsumed]);
            else if (!written[field]) Write(output, fields[field]);
            if (field >= 0) written[field] = true;
        }
        for (var index = 0; index < written.Length; index++)
        {
            if (!written[index]) Write(output, fields[index]);
        }
        if (output.WrittenCount == 0) output.Write("{"u8);
        output.Write("}"u8);
        return output.WrittenSpan.ToArray();
    }

    private int IndexOf(string name)
    {
        for (var index = 0; index < fields.Count; index++)
        {
            if (fields[index].Name == name) return index;
        }
        return -1;
    }

    private static void Write(ArrayBufferWriter<byte> output, (string Name, byte[] Json) field)
    {
        Begin(output).Write(Encoding.UTF8.GetBytes(JsonText.Quote(field.Name)));
        output.Write(":"u8);
        output.Write(field.Json);
    }

    private static ArrayBufferWriter<byte> Begin(ArrayBufferWriter<byte> output)
    {
        output.Write(output.WrittenCount == 0 ? "{"u8 : ","u8);
        return output;
    }
}

using System.Buffers.Text;
using System.Text.Json;
using SharedState.Host.Json;

namespace SharedState.Host.Conditions;

/// <summary>A JSON value in an item.</summary>
/// <param name="Kind">Its type.</param>
/// <param name="Number">The number as an IEEE double, infinite where it is too large for one; of a boolean 0 or 1; else 0.</param>
/// <param name="Bytes">Of a string its text in UTF-8 without escapes, of an object or an array its JSON; else empty.</param>
internal readonly record struct FieldValue(ValueKind Kind, double Number, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The value that a missing field counts as.</summary>
    public static readonly FieldValue Null;

    /// <summary>The value that a reader stands on. An object or an array is skipped: the reader stands on its end afterwards.</summary>
    /// <param name="reader">Reads <paramref name="json"/>.</param>
    /// <param name="json">The JSON that contains the value.</param>
    public static FieldValue Read(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json)
    {
        var start = (int)reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                reader.Skip();
                return new(ValueKind.Object, 0, json[start..(int)reader.BytesConsumed]);
            case JsonTokenType.StartArray:
                reader.Skip();
                return new(ValueKind.Array, 0, json[start..(int)reader.BytesConsumed]);
            default:
                return Scalar(ref reader, json);
        }
    }

    /// <summary>The string, number, boolean or null that a reader stands on.</summary>
    public static FieldValue Scalar(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String when reader.ValueIsEscaped:
                return new(ValueKind.String, 0, JsonUnescape.ToArray(reader.ValueSpan));
            case JsonTokenType.String:
                return new(ValueKind.String, 0, json.Slice((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length));
            case JsonTokenType.Number:
                return new(ValueKind.Number, ToDouble(reader.ValueSpan), default);
            case JsonTokenType.True:
                return new(ValueKind.Boolean, 1, default);
            case JsonTokenType.False:
                return new(ValueKind.Boolean, 0, default);
            default:
                return Null;
        }
    }

    /// <summary>A JSON number as an IEEE double, the nearest one. Zero has no sign.</summary>
    public static double ToDouble(ReadOnlySpan<byte> number) =>
        Utf8Parser.TryParse(number, out double value, out _) && value != 0 ? value : 0;

    /// <summary>The order of two values: by kind, then by number or by bytes.</summary>
    public int CompareTo(in FieldValue other) =>
        Kind != other.Kind ? Kind.CompareTo(other.Kind)
        : Number != other.Number ? Number.CompareTo(other.Number)
        : Bytes.Span.SequenceCompareTo(other.Bytes.Span);
}

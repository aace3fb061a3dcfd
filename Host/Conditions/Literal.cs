using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using SharedState.Host.Json;

namespace SharedState.Host.Conditions;

/// <summary>A JSON value of a condition, which values of items are compared with.</summary>
internal sealed class Literal
{
    private readonly Dictionary<ReadOnlyMemory<byte>, (int Number, Literal Value)>? _members;
    private readonly Literal[]? _elements;

    private Literal(in FieldValue scalar, string text) => (Value, Text) = (scalar, text);

    private Literal(Literal[] elements)
    {
        _elements = elements;
        Value = new(ValueKind.Array, 0, default);
        Text = $"[{string.Join(',', elements.Select(element => element.Text))}]";
    }

    private Literal(Dictionary<ReadOnlyMemory<byte>, (int Number, Literal Value)> members)
    {
        _members = members;
        Value = new(ValueKind.Object, 0, default);
        var texts = members.Select(member => $"{Quote(member.Key.Span)}:{member.Value.Value.Text}").Order(StringComparer.Ordinal);
        Text = $"{{{string.Join(',', texts)}}}";
    }

    public static Literal Null { get; } = new(FieldValue.Null, "null");

    /// <summary>The kind, and of a scalar the number or the text.</summary>
    public FieldValue Value { get; }

    /// <summary>The JSON of the value; equal values have the same.</summary>
    public string Text { get; }

    public bool IsScalar => _members is null && _elements is null;

    /// <summary>The literal of a JSON value. Of two members with one name the last one counts.</summary>
    public static Literal Of(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                return OfText(JsonUnescape.ToArray(JsonMarshal.GetRawUtf8Value(json)[1..^1]));
            case JsonValueKind.Number:
                var number = FieldValue.ToDouble(JsonMarshal.GetRawUtf8Value(json));
                return new(new(ValueKind.Number, number, default), NumberText.Of(number));
            case JsonValueKind.True:
                return new(new(ValueKind.Boolean, 1, default), "true");
            case JsonValueKind.False:
                return new(new(ValueKind.Boolean, 0, default), "false");
            case JsonValueKind.Array:
                return OfElements(json.EnumerateArray().Select(Of));
            case JsonValueKind.Object:
                var members = json.EnumerateObject()
                    .Select(member => (JsonUnescape.ToArray(JsonMarshal.GetRawUtf8PropertyName(member)), Of(member.Value)));
                return OfMembers(members);
            default:
                return Null;
        }
    }

    /// <summary>The literal of a string, given in UTF-8.</summary>
    public static Literal OfText(byte[] text) => new(new(ValueKind.String, 0, text), Quote(text));

    public static Literal OfElements(IEnumerable<Literal> elements) => new([.. elements]);

    /// <summary>The literal of an object. Of two members with one name the last one counts.</summary>
    public static Literal OfMembers(IEnumerable<(byte[] Name, Literal Value)> members)
    {
        var byName = new Dictionary<ReadOnlyMemory<byte>, (int, Literal)>(Utf8Names.Comparer);
        foreach (var (name, value) in members)
        {
            var number = byName.TryGetValue(name, out var before) ? before.Item1 : byName.Count;
            byName[name] = (number, value);
        }
        return new(byName);
    }

    /// <summary>Whether a value of an item equals this one. The order of keys does not matter.</summary>
    public bool Equals(in FieldValue value)
    {
        if (value.Kind != Value.Kind) return false;
        if (IsScalar) return value.Number == Value.Number && value.Bytes.Span.SequenceEqual(Value.Bytes.Span);
        var reader = new Utf8JsonReader(value.Bytes.Span, new JsonReaderOptions { MaxDepth = int.MaxValue });
        reader.Read();
        return Equals(ref reader);
    }

    /// <summary>Whether the value that the reader stands on equals this one. If so, the reader stands on its last token.</summary>
    private bool Equals(ref Utf8JsonReader reader)
    {
        if (_members is not null) return reader.TokenType == JsonTokenType.StartObject && EqualsObject(ref reader);
        if (_elements is not null) return reader.TokenType == JsonTokenType.StartArray && EqualsArray(ref reader);
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                if (Value.Kind != ValueKind.String) return false;
                var text = reader.ValueIsEscaped ? JsonUnescape.ToArray(reader.ValueSpan) : reader.ValueSpan;
                return text.SequenceEqual(Value.Bytes.Span);
            case JsonTokenType.Number:
                return Value.Kind == ValueKind.Number && FieldValue.ToDouble(reader.ValueSpan) == Value.Number;
            case JsonTokenType.True:
            case JsonTokenType.False:
                return Value.Kind == ValueKind.Boolean && (reader.TokenType == JsonTokenType.True) == (Value.Number != 0);
            default:
                return reader.TokenType == JsonTokenType.Null && Value.Kind == ValueKind.Null;
        }
    }

    private bool EqualsArray(ref Utf8JsonReader reader)
    {
        foreach (var element in _elements!)
        {
            reader.Read();
            if (!element.Equals(ref reader)) return false;
        }
        reader.Read();
        return reader.TokenType == JsonTokenType.EndArray;
    }

    private bool EqualsObject(ref Utf8JsonReader reader)
    {
        Span<bool> equal = stackalloc bool[_members!.Count]; // of two members with one name the last one counts
        equal.Clear();
        var find = _members.GetAlternateLookup<ReadOnlySpan<byte>>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueIsEscaped ? JsonUnescape.ToArray(reader.ValueSpan) : reader.ValueSpan;
            if (!find.TryGetValue(name, out var member)) return false;
            reader.Read();
            var after = reader;
            after.Skip();
            equal[member.Number] = member.Value.Equals(ref reader);
            reader = after;
        }
        return !equal.Contains(false);
    }

    /// <summary>A text as a JSON string. A lone surrogate keeps its number, as an escape: two texts must not become one.</summary>
    private static string Quote(ReadOnlySpan<byte> text)
    {
        if (Utf8.IsValid(text)) return JsonText.Quote(Encoding.UTF8.GetString(text));
        var quoted = new StringBuilder("\"");
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(text, out var rune, out var length) == OperationStatus.Done)
            {
                quoted.Append(JsonText.Quote(rune.ToString())[1..^1]);
                text = text[length..];
                continue;
            }
            var surrogate = ((text[0] & 0xF) << 12) | ((text[1] & 0x3F) << 6) | (text[2] & 0x3F);
            quoted.Append(CultureInfo.InvariantCulture, $"\\u{surrogate:x4}");
            text = text[3..];
        }
        return quoted.Append('"').ToString();
    }
}

using System.Runtime.InteropServices;
using System.Text.Json;
using SharedState.Host.Json;

namespace SharedState.Host.Conditions;

/// <summary>Reads lists whose mistakes have places: orders, starts and lists of fields.</summary>
internal static class ListReader
{
    /// <summary>Reads a list; null if there is a mistake.</summary>
    /// <param name="json">The JSON in UTF-8.</param>
    /// <param name="name">The name of the list in mistakes.</param>
    /// <param name="needed">The sentence for what is no list.</param>
    /// <param name="read">Reads one element at a place.</param>
    /// <param name="most">The greatest number of elements.</param>
    /// <param name="mistake">Gets the first mistake, with its place.</param>
    public static List<T>? Read<T>(
        ReadOnlyMemory<byte> json, string name, string needed, Func<JsonElement, string, T> read, int most, out string? mistake)
    {
        mistake = null;
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = int.MaxValue });
            var list = document.RootElement;
            if (list.ValueKind != JsonValueKind.Array) throw new ConditionMistake(name, needed);
            if (list.GetArrayLength() > most) throw new ConditionMistake(name, $"at most {most} entries are possible");
            return [.. list.EnumerateArray().Select((element, index) => read(element, $"{name}[{index}]"))];
        }
        catch (ConditionMistake found)
        {
            mistake = found.Message;
        }
        catch (JsonException)
        {
            mistake = $"{name}: this is not JSON";
        }
        return null;
    }

    /// <summary>Reads an element that is a path.</summary>
    public static FieldPath Path(JsonElement json, string place)
    {
        var text = Text(json) ?? throw new ConditionMistake(place, "a path is a string, without lone surrogates");
        return FieldPath.Read(text, out var path) is { } wrong ? throw new ConditionMistake(place, wrong) : path;
    }

    /// <summary>The text of a string; null for anything else, and for a lone surrogate.</summary>
    public static string? Text(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.String) return null;
        var text = JsonText.NameOf(JsonMarshal.GetRawUtf8Value(json)[1..^1], out var isText);
        return isText ? text : null;
    }

    /// <summary>A value of any type, of an object or an array its JSON.</summary>
    public static FieldValue Value(JsonElement json)
    {
        var raw = JsonMarshal.GetRawUtf8Value(json).ToArray();
        var reader = new Utf8JsonReader(raw, new JsonReaderOptions { MaxDepth = int.MaxValue });
        reader.Read();
        return FieldValue.Read(ref reader, raw);
    }
}

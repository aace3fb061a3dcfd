using System.Text;
using System.Text.Json;

namespace SharedState.Host.JsonFiles;

/// <summary>Reads JSON, with comments and trailing commas, into nodes with their places.</summary>
internal ref struct JsonTree
{
    private readonly ReadOnlySpan<byte> _utf8;
    private readonly Action<Place, string, string> _report;
    private Utf8JsonReader _reader;

    private JsonTree(ReadOnlySpan<byte> utf8, Action<Place, string, string> report)
    {
        _utf8 = utf8;
        _report = report;
        _reader = new(utf8, new JsonReaderOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
    }

    /// <summary>The root, or null if the text is not JSON. Each mistake is reported with its place, its path and a sentence.</summary>
    public static JsonNode? Read(ReadOnlySpan<byte> utf8, Action<Place, string, string> report)
    {
        if (utf8.StartsWith(Encoding.UTF8.Preamble)) utf8 = utf8[Encoding.UTF8.Preamble.Length..];
        var tree = new JsonTree(utf8, report);
        try
        {
            tree._reader.Read();
            var root = tree.ReadNode("");
            tree._reader.Read();
            return root;
        }
        catch (JsonException e)
        {
            var line = (int)(e.LineNumber ?? 0);
            var start = 0;
            for (var i = 0; i < line; i++) start += utf8[start..].IndexOf((byte)'\n') + 1;
            var end = Math.Min(start + (int)(e.BytePositionInLine ?? 0), utf8.Length);
            // The reader's message ends with its own description of the place.
            var tail = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            report(tree.PlaceOf(end), "", $"this is not JSON: {(tail < 0 ? e.Message : e.Message[..tail])}");
            return null;
        }
    }

    private JsonNode ReadNode(string path)
    {
        var place = PlaceOf((int)_reader.TokenStartIndex);
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return new(JsonValueKind.Object, place, path) { Fields = ReadFields(path) };
            case JsonTokenType.StartArray:
                var items = new List<JsonNode>();
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray) items.Add(ReadNode($"{path}[{items.Count}]"));
                return new(JsonValueKind.Array, place, path) { Items = items };
            case JsonTokenType.String:
                return new(JsonValueKind.String, place, path) { Text = ReadText(place, path) };
            case JsonTokenType.Number:
                return new(JsonValueKind.Number, place, path) { Text = Encoding.UTF8.GetString(_reader.ValueSpan) };
            case JsonTokenType.True:
                return new(JsonValueKind.True, place, path) { Text = "true" };
            case JsonTokenType.False:
                return new(JsonValueKind.False, place, path) { Text = "false" };
            default:
                return new(JsonValueKind.Null, place, path);
        }
    }

    private List<JsonField> ReadFields(string path)
    {
        var fields = new List<JsonField>();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var place = PlaceOf((int)_reader.TokenStartIndex);
            var name = ReadText(place, path);
            var fieldPath = path.Length == 0 ? name : $"{path}.{name}";
            var first = fields.Find(field => field.Name == name);
            if (first is not null) _report(place, fieldPath, $"stands here a second time; the first is in line {first.Place.Line}");
            _reader.Read();
            fields.Add(new(name, place, ReadNode(fieldPath)));
        }
        return fields;
    }

    private string ReadText(Place place, string path)
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: an escape that JSON allows and that is no character.
            _report(place, path, "holds a \\u escape that is no character");
            return "";
        }
    }

    private readonly Place PlaceOf(int offset)
    {
        var before = _utf8[..offset];
        var lineStart = before.LastIndexOf((byte)'\n') + 1;
        return new(before.Count((byte)'\n') + 1, Encoding.UTF8.GetCharCount(before[lineStart..]) + 1);
    }
}

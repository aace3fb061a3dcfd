using System.Text;
using System.Text.Json;

namespace SharedState.Host.JsonFiles;

/// <summary>Reads JSON, with comments and trailing commas, into nodes with their places.</summary>
internal ref struct JsonTree
{
    private readonly ReadOnlySpan<byte> _utf8;
    private readonly Action<Place, string, string> _report;
    private Utf8JsonReader _reader;

    // The last place that was asked for: places come in the order of the text, and each is found from the one before.
    private int _offset;
    private Place _place = new(1, 1);

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
            var root = tree.ReadNode(TreePath.Root);
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

    private JsonNode ReadNode(TreePath path)
    {
        var place = PlaceOf((int)_reader.TokenStartIndex);
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return new(JsonValueKind.Object, place, path) { Fields = ReadFields(path) };
            case JsonTokenType.StartArray:
                var items = new List<JsonNode>();
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray) items.Add(ReadNode(path.Element(items.Count)));
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

    private List<JsonField> ReadFields(TreePath path)
    {
        var fields = new List<JsonField>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var place = PlaceOf((int)_reader.TokenStartIndex);
            var name = ReadText(place, path);
            var fieldPath = path.Field(name);
            if (!lines.TryAdd(name, place.Line))
                _report(place, fieldPath.ToString(), $"stands here a second time; the first is in line {lines[name]}");
            _reader.Read();
            fields.Add(new(name, place, ReadNode(fieldPath)));
        }
        return fields;
    }

    private string ReadText(Place place, TreePath path)
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: an escape that JSON allows and that is no character.
            _report(place, path.ToString(), "holds a \\u escape that is no character");
            return "";
        }
    }

    private Place PlaceOf(int offset)
    {
        if (offset < _offset) (_offset, _place) = (0, new(1, 1)); // only a reader that reports a mistake looks back
        var passed = _utf8[_offset..offset];
        var lines = passed.Count((byte)'\n');
        var column = lines == 0 ? _place.Column : 1;
        _place = new(_place.Line + lines, column + Encoding.UTF8.GetCharCount(passed[(passed.LastIndexOf((byte)'\n') + 1)..]));
        _offset = offset;
        return _place;
    }
}

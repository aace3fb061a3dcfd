using System.Globalization;
using System.Text;

namespace SharedState.Items.Conformance;

/// <summary>Makes items that are valid and that no program would write by itself: all that JSON allows, in any mixture.</summary>
internal sealed class UnusualItems(Random random)
{
    /// <summary>Texts as they stand in JSON. None of them is <c>id</c>.</summary>
    private static readonly string[] _texts =
    [
        "", "x", "ID", "id ", "data", "\\ud800", "\\udc00\\ud800", "\\uDBFFx", "x\\udfff", "\\ud83d\\ude00", "\\\\ud800", "\\u0000", "\\\"", "\\/\\b\\f\\n\\r\\t", "ä😀", "\u2028\uFFFF\u007f",
        "\\u0069d\\u0000", "'; DROP TABLE items; --", "a\u0308", "\ufeff",
    ];

    private static readonly string[] _values =
    [
        "0", "-0", "-0.0", "1e999", "-1E-999", "1e0", "9223372036854775808", "123456789012345678901234567890.1234567890", "true", "false", "null", "{}", "[]", "[[],{}]",
    ];

    private static readonly string[] _blanks = ["", "", "", "", " ", "\t", "\n", "\r\n"];

    /// <summary>An item of at most some kilobytes. Its id is one of some hundred, so that some replace others.</summary>
    public (string Id, string Json) Next()
    {
        var id = Id();
        var fields = Enumerable.Range(0, random.Next(5)).Select(_ => Field(3)).ToList();
        fields.Insert(
            random.Next(fields.Count + 1),
            $"{Blank()}\"{Pick(["id", "id", "\\u0069d", "i\\u0064", "\\u0069\\u0064"])}\"{Blank()}:{Blank()}\"{Escaped(id)}\"{Blank()}");
        return (id, $"{{{string.Join(',', fields)}}}");
    }

    private string Id() => random.Next(10) switch
    {
        0 => new string((char)random.Next(1, 128), random.Next(1, 1025)),
        1 => "\0" + random.Next(10),
        2 => "😀" + random.Next(10),
        3 => "\"\\" + random.Next(10),
        _ => random.Next(50).ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>The text in JSON, each UTF-16 unit escaped if it must be, or by chance.</summary>
    private string Escaped(string text)
    {
        var json = new StringBuilder();
        var all = random.Next(4) == 0;
        foreach (var unit in text)
        {
            if (all || unit < ' ' || unit is '"' or '\\') json.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
            else json.Append(unit);
        }
        return json.ToString();
    }

    private string Field(int depth) => $"{Blank()}\"{Pick(_texts)}\"{Blank()}:{Value(depth)}";

    private string Value(int depth) => Blank() + random.Next(depth == 0 ? 2 : 5) switch
    {
        0 => Pick(_values),
        1 => $"\"{Pick(_texts)}\"",
        2 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(depth - 1)))}]",
        3 => $"{{{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Field(depth - 1)))}}}",
        _ => Nested(random.Next(1, 250)),
    } + Blank();

    private static string Nested(int levels) => new string('[', levels) + new string(']', levels);

    private string Blank() => Pick(_blanks);

    private string Pick(string[] among) => among[random.Next(among.Length)];
}

using System.Text;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Makes messages that are nearly right: requests, with parts of them swapped, doubled, cut, or turned into something
/// else.</summary>
internal sealed class MessageFuzz(Random random)
{
    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1.5", "1e999", "9223372036854775808", "\"\"", "\"x\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u0000\"", "\"ä😀\"", "[]", "{}", "[[[]]]", "{\"\":{}}",
        "{\"id\":\"1\"}", "[{\"id\":\"1\"}]", "[\"1\"]", "[[\"/f/items/a\",{}]]", "\"REQUEST\"", "\"GET\"", "\"PUT\"", "\"/subs\"", "\"/f/items/a\"", "\"/\"", "{\"\\ud800\":1}", "tru", "01", "'x'", "NaN", "\u0007",
    ];

    private static readonly string[] Names =
        ["type", "cmd", "path", "arg", "tunnel", "insert", "remove", "reset", "id", "since", "epoch", "conflate", "maxRate", "if", "ttl", "", "x", "\\ud800", "\\u0069d", "\\u0061rg", "ar\\ud800", "\\\\"];

    private static readonly string[] Paths =
        ["/f/items/a", "f/items/b", "/f/other/c", "/f/items//d/", "/subs", "/f/items", "/", "", "/clock", "/f/none/a", "/f/down/a", "/f", "/a/b/c/d", "/f/items/.", "/f/items/\\u0000", "/f/items/\\ud83d\\ude00", "/f/items/\\ud800", "/%66/items/a"];

    private static readonly byte[] Interesting = [.. "{}[]\",:\\\0\n 0u"u8, 0x7F, 0x80, 0xC0, 0xED, 0xFF];

    public byte[] Next()
    {
        var bytes = Encoding.UTF8.GetBytes(random.Next(30) == 0 ? Value(3) : Request());
        for (var changes = random.Next(3) == 0 ? random.Next(1, 6) : 0; changes > 0; changes--) bytes = Mutated(bytes);
        return bytes;
    }

    private string Request()
    {
        var put = random.Next(2) == 0;
        var path = Path();
        List<string> fields =
        [
            Field("type", "\"REQUEST\""), Field("cmd", put ? "\"PUT\"" : "\"GET\""), Field("path", $"\"{path}\""),
            Field("arg", path == "/subs" ? Subscriptions() : Update()), Field("tunnel", random.Next(5) == 0 ? Value(3) : "1"),
        ];
        if (random.Next(10) == 0) fields.Add(Field(Pick(Names), Value(2)));
        if (random.Next(10) == 0) fields.RemoveAt(random.Next(fields.Count));
        if (random.Next(3) == 0) random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(fields));
        return $"{{{string.Join(',', fields)}}}";
    }

    /// <summary>Mostly one of the first, which are right.</summary>
    private string Path() => random.Next(4) == 0 ? Pick(Paths) : Paths[random.Next(5)];

    private string Update() =>
        $"{{{Field("insert", List(Item))},{Field("remove", List(Id))},{Field("reset", random.Next(4) == 0 ? "true" : "false")}{Extra()}}}";

    private string Subscriptions() =>
        $"{{{Field("insert", List(() => $"[\"{Path()}\",{{{Field("since", "0")},{Field("epoch", "\"e1\"")},{Field("maxRate", "100")}{Extra()}}}]"))},{Field("reset", random.Next(2) == 0 ? "true" : "false")},{Field("remove", List(() => $"\"{Path()}\""))}}}";

    private string Item() => random.Next(20) == 0 ? Value(2) : $"{{{Field("id", Id())}{Extra()}}}";

    private string Id() => random.Next(20) == 0 ? Value(1) : $"\"{random.Next(20)}\"";

    private string Extra() => random.Next(10) == 0 ? $",{Field(Pick(Names), Value(2))}" : "";

    private string List(Func<string> element) => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => element()))}]";

    /// <summary>A field, rarely with another name or another value.</summary>
    private string Field(string name, string value) =>
        $"\"{(random.Next(100) == 0 ? Pick(Names) : name)}\":{(random.Next(100) == 0 ? Value(2) : value)}";

    private string Value(int depth) => random.Next(depth <= 0 ? 1 : 4) switch
    {
        0 => Pick(Values),
        1 => List(() => Value(depth - 1)),
        2 => $"{{{Field(Pick(Names), Value(depth - 1))}}}",
        _ => random.Next(20) == 0 ? Nested(random.Next(400)) : Pick(Values),
    };

    /// <summary>A list in a list, so many levels deep; a number with none.</summary>
    public static string Nested(int levels) => $"{new string('[', levels)}{new string(']', levels)}{(levels == 0 ? "0" : "")}";

    private byte[] Mutated(byte[] bytes)
    {
        if (bytes.Length == 0) return [Interesting[random.Next(Interesting.Length)]];
        int from = random.Next(bytes.Length), to = Math.Min(bytes.Length, from + random.Next(1, 12));
        switch (random.Next(5))
        {
            case 0: return bytes[..from];
            case 1: return [.. bytes[..from], .. bytes[to..]];
            case 2: return [.. bytes[..to], .. bytes[from..]];
            case 3: return [.. bytes[..from], Interesting[random.Next(Interesting.Length)], .. bytes[from..]];
            default:
                bytes[from] ^= (byte)(1 << random.Next(8));
                return bytes;
        }
    }

    private string Pick(string[] among) => among[random.Next(among.Length)];
}

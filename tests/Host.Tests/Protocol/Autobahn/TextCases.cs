using System.Text;
using static SharedState.Host.Tests.Engine.RawSocket;
using static SharedState.Host.Tests.Protocol.Autobahn.AutobahnCase;

namespace SharedState.Host.Tests.Protocol.Autobahn;

/// <summary>Cases 6: UTF-8.</summary>
internal static class TextCases
{
    private const string Kosme = "κόσμε", Mixed = "Hello-µ@ßöäüàá-UTF-8!!";

    /// <summary>A text with a surrogate in it.</summary>
    public static byte[] Invalid { get; } = [.. Bytes(Kosme), 0xED, 0xA0, 0x80, .. "edited"u8];

    public static IEnumerable<AutobahnCase> All() => [.. Fragmented(), .. FailFast(), .. Sequences()];

    private static IEnumerable<AutobahnCase> Fragmented()
    {
        var request = Request(Mixed);
        var middle = Bytes(Encoding.UTF8.GetString(request)[..^13]).Length; // between two characters
        yield return new("6.1.1", Frame(Text, []), ["reply"]);
        yield return new("6.1.2", Fragments(Text, [[], [], []]), ["reply"]);
        yield return new("6.1.3", Fragments(Text, [[], Request("middle frame payload"), []]), ["echo middle frame payload"]);
        yield return new("6.2.1", Echo(Mixed), [$"echo {Mixed}"]);
        yield return new("6.2.2", Fragments(Text, [request[..middle], request[middle..]]), [$"echo {Mixed}"]);
        yield return new("6.2.3", Fragments(Text, request, 1), [$"echo {Mixed}"]);
        yield return new("6.2.4", Fragments(Text, Request(Kosme), 1), [$"echo {Kosme}"]);
        yield return new("6.3.1", Frame(Text, Invalid), ["close 1007"]);
        yield return new("6.3.2", Fragments(Text, Invalid, 1), ["close 1007"]);
    }

    /// <summary>Those of the fragments end before the last one is sent: the close must not wait for it.</summary>
    private static IEnumerable<AutobahnCase> FailFast()
    {
        byte[] kosme = Bytes(Kosme), cut = [.. kosme, 0xF4], rest = [0x80, 0x80, .. "edited"u8];
        yield return new(
            "6.4.1", [.. Frame(Text, kosme, final: false), .. Frame(Continuation, [0xF4, 0x90, 0x80, 0x80], final: false)], ["close 1007"]);
        yield return new("6.4.2", [.. Frame(Text, cut, final: false), .. Frame(Continuation, [0x90], final: false)], ["close 1007"]);
        yield return new("6.4.3", Frame(Text, [.. kosme, 0xF4, 0x90, .. rest]), ["close 1007"], 17);
        yield return new("6.4.4", Frame(Text, [.. cut, 0x90, .. rest]), ["close 1007"], 18);
    }

    private static IEnumerable<AutobahnCase> Sequences()
    {
        string[] groups =
        [
            // 6.5 to 6.11: valid texts, prefixes of one, the first and the last sequences of each length, other bounds; - marks those that
            // are not UTF-8
            "68656C6C6F24776F726C64 68656C6C6FC2A2776F726C64 68656C6C6FE282AC776F726C64 68656C6C6FF0A4ADA2776F726C64 "
                + "CEBAE1BDB9CF83CEBCCEB5",
            "-CE CEBA -CEBAE1 -CEBAE1BD CEBAE1BDB9 -CEBAE1BDB9CF CEBAE1BDB9CF83 -CEBAE1BDB9CF83CE CEBAE1BDB9CF83CEBC -CEBAE1BDB9CF83CEBCCE "
                + "CEBAE1BDB9CF83CEBCCEB5",
            "00 C280 E0A080 F0908080",
            "-F888808080 -FC8480808080",
            "7F DFBF EFBFBF F48FBFBF",
            "-F7BFBFBF -FBBFBFBFBF -FDBFBFBFBFBF",
            "ED9FBF EE8080 EFBFBD F48FBFBF -F4908080",

            // 6.12 to 6.16: lonely continuation bytes, lonely first bytes, cut sequences, all of those in a row, impossible bytes
            $"-80 -BF -80BF -80BF80 -80BF80BF -80BF80BF80 -80BF80BF80BF -{Range(0x80, 0xBF, "")}",
            $"-{Range(0xC0, 0xDF, "20")} -{Range(0xE0, 0xEF, "20")} -{Range(0xF0, 0xF7, "20")} -{Range(0xF8, 0xFB, "20")} -{Range(0xFC, 0xFD, "20")}",
            "-C0 -E080 -F08080 -F8808080 -FC80808080 -DF -EFBF -F7BFBF -FBBFBFBF -FDBFBFBFBF",
            "-C0E080F08080F8808080FC80808080DFEFBFF7BFBFFBBFBFBFFDBFBFBFBF",
            "-FE -FF -FEFEFFFF",

            // 6.17 to 6.21: overlong sequences, surrogates alone and in pairs
            "-C0AF -E080AF -F08080AF -F8808080AF -FC80808080AF",
            "-C1BF -E09FBF -F08FBFBF -F887BFBFBF -FC83BFBFBFBF",
            "-C080 -E08080 -F0808080 -F880808080 -FC8080808080",
            "-EDA080 -EDADBF -EDAE80 -EDAFBF -EDB080 -EDBE80 -EDBFBF",
            "-EDA080EDB080 -EDA080EDBFBF -EDADBFEDB080 -EDADBFEDBFBF -EDAE80EDB080 -EDAE80EDBFBF -EDAFBFEDB080 -EDAFBFEDBFBF",

            // 6.22 and 6.23: code points that are no characters, and special ones, which are UTF-8 all the same
            string.Join(
                ' ', Enumerable.Range(0, 17).SelectMany(plane => new[] { Hex((plane << 16) | 0xFFFE), Hex((plane << 16) | 0xFFFF) })),
            string.Join(' ', Enumerable.Range(0xFFF9, 7).Select(Hex)),
        ];
        for (var group = 0; group < groups.Length; group++)
        {
            var number = 0;
            foreach (var sequence in groups[group].Split(' '))
            {
                number++;
                var bytes = Convert.FromHexString(sequence.TrimStart('-'));
                yield return new($"6.{group + 5}.{number}", Frame(Text, bytes), sequence[0] == '-' ? ["close 1007"] : ["reply"]);
            }
        }
    }

    private static string Hex(int codePoint) => Convert.ToHexString(Bytes(new Rune(codePoint).ToString()));

    private static string Range(int first, int last, string behind) =>
        string.Concat(Enumerable.Range(first, last - first + 1).Select(value => value.ToString("X2") + behind));
}

using System.Buffers.Text;
using System.Text;

namespace SharedState.Host.Json;

/// <summary>
/// Turns the JSON spelling of a string into its text in UTF-8. An escaped lone surrogate becomes the three bytes that UTF-8 would have for
/// it, so that every JSON string has a text of its own, and the bytes of two texts compare like their code points.
/// </summary>
internal static class JsonUnescape
{
    private const int EscapeLength = 6; // \uXXXX

    /// <summary>Writes the text of a string.</summary>
    /// <param name="spelling">What stands between the quotes of a valid JSON string.</param>
    /// <param name="text">Gets the text; at least as long as the spelling.</param>
    /// <returns>The number of bytes written.</returns>
    public static int Write(ReadOnlySpan<byte> spelling, Span<byte> text)
    {
        var written = 0;
        while (spelling.IndexOf((byte)'\\') is var at and >= 0)
        {
            spelling[..at].CopyTo(text[written..]);
            written += at;
            spelling = spelling[at..];
            var rune = Escaped(spelling, out var length);
            written += Encode(rune, text[written..]);
            spelling = spelling[length..];
        }
        spelling.CopyTo(text[written..]);
        return written + spelling.Length;
    }

    /// <summary>The text of a string, in an array of its own.</summary>
    public static byte[] ToArray(ReadOnlySpan<byte> spelling)
    {
        if (!spelling.Contains((byte)'\\')) return spelling.ToArray();
        var text = new byte[spelling.Length];
        return text[..Write(spelling, text)];
    }

    private static int Escaped(ReadOnlySpan<byte> escape, out int length)
    {
        length = 2;
        switch (escape[1])
        {
            case (byte)'b': return '\b';
            case (byte)'f': return '\f';
            case (byte)'n': return '\n';
            case (byte)'r': return '\r';
            case (byte)'t': return '\t';
            case (byte)'u': break;
            default: return escape[1]; // a quote, a backslash or a slash
        }
        length = EscapeLength;
        var unit = Unit(escape);
        var next = escape[EscapeLength..];
        if (!char.IsHighSurrogate(unit) || !next.StartsWith("\\u"u8)) return unit;
        var low = Unit(next);
        if (!char.IsLowSurrogate(low)) return unit;
        length = 2 * EscapeLength;
        return char.ConvertToUtf32(unit, low);
    }

    private static char Unit(ReadOnlySpan<byte> escape) =>
        Utf8Parser.TryParse(escape[2..EscapeLength], out ushort unit, out _, 'X') ? (char)unit : '\0';

    private static int Encode(int rune, Span<byte> text)
    {
        if (Rune.TryCreate(rune, out var valid)) return valid.EncodeToUtf8(text);
        text[0] = (byte)(0xE0 | (rune >> 12));
        text[1] = (byte)(0x80 | ((rune >> 6) & 0x3F));
        text[2] = (byte)(0x80 | (rune & 0x3F));
        return 3;
    }
}

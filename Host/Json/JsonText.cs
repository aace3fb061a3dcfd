using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SharedState.Host.Json;

/// <summary>
/// Reads and compares JSON strings. <see cref="Utf8JsonReader.GetString"/> and
/// <see cref="Utf8JsonReader.ValueTextEquals(ReadOnlySpan{byte})"/> throw at an escaped lone surrogate, which is valid JSON but not valid
/// text. These methods do not throw, also because an exception for each key of a message would be a cheap way to keep the host busy.
/// </summary>
internal static class JsonText
{
    private const int EscapeLength = 6; // \uXXXX

    /// <summary>Whether the name or the string that the reader stands on is this one.</summary>
    public static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> text) => reader.ValueIsEscaped
        ? !HoldsLoneSurrogate(ref reader) && reader.ValueTextEquals(text)
        : reader.ValueSpan.SequenceEqual(text); // a message is one span

    /// <summary>The string that the reader is at; false if the token is not a string, or contains a lone surrogate, which UTF-8 cannot
    /// represent.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out string? text)
    {
        text =
            reader.TokenType == JsonTokenType.String && !(reader.ValueIsEscaped && HoldsLoneSurrogate(ref reader))
                ? reader.GetString()!
                : null;
        return text is not null;
    }

    /// <summary>
    /// The text of a name in its JSON spelling, without quotes, for comparison. A name with a lone surrogate, which no text can hold, is
    /// compared by its spelling.
    /// </summary>
    public static string NameOf(ReadOnlySpan<byte> spelling) => NameOf(spelling, out _);

    /// <summary>The text of a name in its JSON spelling, and whether it is one: see the other overload.</summary>
    public static string NameOf(ReadOnlySpan<byte> spelling, out bool isText)
    {
        isText = true;
        if (!spelling.Contains((byte)'\\')) return Encoding.UTF8.GetString(spelling);
        var reader = new Utf8JsonReader([(byte)'"', .. spelling, (byte)'"']);
        reader.Read();
        isText = TryRead(ref reader, out var text);
        return text ?? $"\\{Encoding.UTF8.GetString(spelling)}";
    }

    /// <summary>Reads a name as the index of an array's element. A leading zero makes it a name only.</summary>
    public static bool TryReadIndex(string name, out int index)
    {
        index = -1;
        return name.Length > 0 && !name.AsSpan().ContainsAnyExceptInRange('0', '9') && (name == "0" || name[0] != '0')
            && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out index);
    }

    /// <summary>A text as a JSON string.</summary>
    public static string Quote(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    /// <summary>Whether an escaped text has the escape of half a pair; unescaped there can be none, since the message is valid
    /// UTF-8.</summary>
    private static bool HoldsLoneSurrogate(ref Utf8JsonReader reader)
    {
        var rest = reader.ValueSpan;
        while (rest.IndexOf((byte)'\\') is var at and >= 0)
        {
            rest = rest[at..];
            var unit = EscapedUnit(rest);
            if (char.IsLowSurrogate(unit)) return true;
            if (char.IsHighSurrogate(unit))
            {
                rest = rest[EscapeLength..];
                if (!char.IsLowSurrogate(EscapedUnit(rest))) return true;
                rest = rest[EscapeLength..];
            }
            else
            {
                rest = rest[2..]; // the backslash and what it escapes, which may be a backslash
            }
        }
        return false;
    }

    /// <summary>The UTF-16 unit whose escape stands at the start; NUL where there is no such escape.</summary>
    private static char EscapedUnit(ReadOnlySpan<byte> text) =>
        text.StartsWith("\\u"u8) && Utf8Parser.TryParse(text[2..EscapeLength], out ushort unit, out _, 'X') ? (char)unit : '\0';
}

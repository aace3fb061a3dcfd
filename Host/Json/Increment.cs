using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SharedState.Host.Json;

/// <summary>Adds to a number at a path in an item, on the item's bytes: all other bytes stay.</summary>
internal static class Increment
{
    // Exact results have at most 18 digits.
    private static readonly Int128 ExactLimit = 1_000_000_000_000_000_000;

    private const int ShortDigits = 17;

    // Int128 holds every integer with fewer digits.
    private const int ExactDigits = 38;

    private const string NotFinite = "the sum is not finite";

    private static readonly JsonReaderOptions Deep = new() { MaxDepth = int.MaxValue };

    /// <summary>Adds to the number at a path. Missing objects and numbers are created.</summary>
    /// <param name="item">The item, a JSON object.</param>
    /// <param name="path">The names from the outside in; a number is an index where the path meets an array. At least one.</param>
    /// <param name="by">The summand, a JSON number.</param>
    /// <param name="error">Gets a sentence if the path leads to something else than a number, or the sum is not finite.</param>
    /// <returns>The new item; null if nothing changes, or there is an error.</returns>
    public static byte[]? Apply(ReadOnlySpan<byte> item, ReadOnlySpan<string> path, ReadOnlySpan<byte> by, out string? error)
    {
        var reader = new Utf8JsonReader(item, Deep);
        reader.Read();
        for (var level = 0; level < path.Length; level++)
        {
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                if (TryEnterElement(ref reader, path[level])) continue;
                error = $"the array at \"{Name(path[..level])}\" has no element {path[level]}";
                return null;
            }
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                error = $"\"{Name(path[..level])}\" is no object and no array";
                return null;
            }
            if (TryEnterMember(ref reader, path[level], out var end, out var empty)) continue;
            var first = Sum("0"u8, by);
            error = first is null ? NotFinite : null;
            return first is null ? null : Splice(item, end, end, [.. empty ? ""u8 : ","u8, .. Missing(path[level..], first)]);
        }
        if (reader.TokenType != JsonTokenType.Number)
        {
            error = $"\"{Name(path)}\" is not a number";
            return null;
        }
        return Add(item, (int)reader.TokenStartIndex, reader.ValueSpan, by, out error);
    }

    private static byte[]? Add(ReadOnlySpan<byte> item, int start, ReadOnlySpan<byte> number, ReadOnlySpan<byte> by, out string? error)
    {
        var sum = Sum(number, by);
        error = sum is null ? NotFinite : null;
        return sum is null || number.SequenceEqual(sum) ? null : Splice(item, start, start + number.Length, sum);
    }

    /// <summary>The sum of two JSON numbers, as a JSON number; null if it is not finite.</summary>
    public static byte[]? Sum(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (TryShort(left, out var one) && TryShort(right, out var other) && other != 0)
        {
            Span<byte> text = stackalloc byte[ShortDigits + 2];
            Utf8Formatter.TryFormat(one + other, text, out var length);
            return text[..length].ToArray();
        }
        if (TryExact(left, out var first) && TryExact(right, out var second))
        {
            // Not more than twice 10^38, which 127 bits hold.
            if (second == 0) return left.ToArray();
            var exact = first + second;
            if (Int128.Abs(exact) < ExactLimit) return Encoding.ASCII.GetBytes(exact.ToString(CultureInfo.InvariantCulture));
        }
        var added = Double(right);
        if (added == 0) return left.ToArray();
        var sum = Double(left) + added;
        return double.IsFinite(sum) ? JsonSerializer.SerializeToUtf8Bytes(sum) : null;
    }

    /// <summary>Reads an integer whose sum with another one has at most 18 digits: the usual case.</summary>
    private static bool TryShort(ReadOnlySpan<byte> number, out long value)
    {
        value = 0;
        return number.Length <= ShortDigits && Utf8Parser.TryParse(number, out value, out var read) && read == number.Length;
    }

    private static bool TryExact(ReadOnlySpan<byte> number, out Int128 value)
    {
        value = 0;
        return number.Length < ExactDigits && !number.ContainsAny(".eE"u8)
            && Int128.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    // Never fails for a JSON number; one that is too large is infinite.
    private static double Double(ReadOnlySpan<byte> number) => double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture);

    /// <summary>Moves from the start of an object to the value of a member; if two members have the same name, to the last one, as other
    /// readers do. If there is none, returns the end of the object.</summary>
    private static bool TryEnterMember(ref Utf8JsonReader reader, string name, out int end, out bool empty)
    {
        Utf8JsonReader found = default;
        (var any, empty) = (false, true);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            empty = false;
            var matches = reader.ValueIsEscaped ? JsonText.NameOf(reader.ValueSpan) == name : reader.ValueTextEquals(name);
            reader.Read();
            if (matches)
            {
                found = reader;
                any = true;
            }
            reader.Skip();
        }
        end = (int)reader.TokenStartIndex;
        if (any) reader = found;
        return any;
    }

    private static bool TryEnterElement(ref Utf8JsonReader reader, string index)
    {
        if (!JsonText.TryReadIndex(index, out var left)) return false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (left-- == 0) return true;
            reader.Skip();
        }
        return false;
    }

    /// <summary>The missing member, with the objects in it.</summary>
    private static byte[] Missing(ReadOnlySpan<string> path, ReadOnlySpan<byte> number)
    {
        var text = new StringBuilder();
        for (var level = 0; level < path.Length; level++)
            text.Append(level == 0 ? "" : "{").Append(JsonText.Quote(path[level])).Append(':');
        return Encoding.UTF8.GetBytes(text.Append(Encoding.UTF8.GetString(number)).Append('}', path.Length - 1).ToString());
    }

    private static byte[] Splice(ReadOnlySpan<byte> item, int start, int end, ReadOnlySpan<byte> text) =>
        [.. item[..start], .. text, .. item[end..]];

    private static string Name(ReadOnlySpan<string> path) => string.Join('.', path);
}

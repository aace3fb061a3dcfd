using System.Globalization;

namespace SharedState.Host.Patterns;

/// <summary>Reads the sets and the escaped characters of a regular expression.</summary>
/// <param name="text">The code points of the expression.</param>
/// <param name="ignoreCase">Whether the case of letters does not matter.</param>
internal sealed class SetReader(int[] text, bool ignoreCase)
{
    /// <summary>Unicode's general categories, in the order of <see cref="UnicodeCategory"/>.</summary>
    private static readonly string[] Categories =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe",
        "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    /// <summary>Reads a set such as <c>[^a-z\d]</c>, whose opening bracket was read.</summary>
    public CharacterSet Read(ref int at)
    {
        var ranges = new List<(int, int)>();
        var sets = new List<CharacterSet>();
        var negated = Follows(at, '^');
        if (negated) at++;
        for (var first = true; first || !Follows(at, ']'); first = false)
        {
            if (ReadOne(sets, ref at) is not { } start) continue;
            if (!Follows(at, '-') || Follows(at + 1, ']'))
            {
                ranges.Add((start, start));
                continue;
            }
            at++;
            var end = ReadOne(sets, ref at) ?? throw Mistake(at, "a range ends with a character");
            if (end < start) throw Mistake(at, "the ends of a range are in the wrong order");
            ranges.Add((start, end));
        }
        at++;
        return new(ranges, sets, negated, ignoreCase);
    }

    /// <summary>Reads what follows a backslash: a set, or null and a character.</summary>
    public CharacterSet? ReadEscape(ref int at, out int character)
    {
        character = at < text.Length ? text[at++] : throw Mistake(at, "a backslash escapes nothing");
        switch (character)
        {
            case 'd': return CharacterSet.Digits;
            case 'D': return CharacterSet.Digits.Inverse();
            case 'w': return CharacterSet.WordCharacters;
            case 'W': return CharacterSet.WordCharacters.Inverse();
            case 's': return CharacterSet.Spaces;
            case 'S': return CharacterSet.Spaces.Inverse();
            case 'p': return ReadCategory(ref at, negated: false);
            case 'P': return ReadCategory(ref at, negated: true);
            case 't': character = '\t'; return null;
            case 'n': character = '\n'; return null;
            case 'r': character = '\r'; return null;
            case 'f': character = '\f'; return null;
            case 'v': character = '\v'; return null;
            case 'a': character = '\a'; return null;
            case 'e': character = '\e'; return null;
            case 'x': character = ReadHex(ref at, 2); return null;
            case 'u': character = ReadUnit(ref at); return null;
            default:
                if (character < 128 && char.IsAsciiLetterOrDigit((char)character))
                    throw Mistake(at, "this escape is not supported");
                return null;
        }
    }

    /// <summary>Reads a character of a set; or an escaped set, which is added to the sets, and returns null.</summary>
    private int? ReadOne(List<CharacterSet> sets, ref int at)
    {
        if (at >= text.Length) throw Mistake(at, "a \"[\" without a \"]\"");
        var character = text[at++];
        if (character == '[' && (Follows(at, ':') || Follows(at, '.') || Follows(at, '=') || Follows(at - 2, '-')))
            throw Mistake(at, "sets inside of sets are not supported; a bracket is \\[");
        if (character != '\\') return character;
        if (Follows(at, 'b'))
        {
            at++;
            return '\b';
        }
        if (ReadEscape(ref at, out character) is not { } escaped) return character;
        sets.Add(escaped);
        return null;
    }

    private CharacterSet ReadCategory(ref int at, bool negated)
    {
        var begin = Follows(at, '{') ? at + 1 : at;
        var end = begin == at ? at + 1 : Array.IndexOf(text, '}', at);
        if (end < 0 || end > text.Length) throw Mistake(at, "a category such as \\p{L} or \\p{Lu} is needed");
        var name = string.Concat(text[begin..end].Select(char.ConvertFromUtf32));
        var categories = Enumerable.Range(0, Categories.Length)
            .Where(index => Categories[index] == name || (name.Length == 1 && Categories[index][0] == name[0]))
            .Select(index => (UnicodeCategory)index)
            .ToArray();
        if (categories.Length == 0) throw Mistake(at, "only general categories such as \\p{L} or \\p{Lu} are supported");
        at = begin == at ? end : end + 1;
        var set = CharacterSet.Of(categories);
        return negated ? set.Inverse() : set;
    }

    private int ReadUnit(ref int at)
    {
        var unit = ReadHex(ref at, 4);
        if (unit > char.MaxValue || !char.IsHighSurrogate((char)unit) || !Follows(at, '\\') || !Follows(at + 1, 'u')) return unit;
        var next = at + 2;
        var low = ReadHex(ref next, 4);
        if (low > char.MaxValue || !char.IsLowSurrogate((char)low)) return unit;
        at = next;
        return char.ConvertToUtf32((char)unit, (char)low);
    }

    private int ReadHex(ref int at, int digits)
    {
        var begin = Follows(at, '{') ? at + 1 : at;
        var end = begin == at ? at + digits : Array.IndexOf(text, '}', at);
        var number = 0;
        var valid = end > begin && end <= text.Length && end - begin <= 6;
        for (var index = begin; valid && index < end; index++)
        {
            valid = text[index] < 128 && char.IsAsciiHexDigit((char)text[index]);
            if (valid) number = (16 * number) + Convert.ToInt32(((char)text[index]).ToString(), 16);
        }
        if (!valid || number > 0x10FFFF) throw Mistake(at, "a number in hexadecimal is needed");
        at = begin == at ? end : end + 1;
        return number;
    }

    private bool Follows(int at, char character) => at >= 0 && at < text.Length && text[at] == character;

    private static PatternMistake Mistake(int at, string sentence) => new($"{sentence}, at character {at}");
}

using static SharedState.Host.Patterns.PatternNode;

namespace SharedState.Host.Patterns;

/// <summary>Reads a regular expression in the common syntax of PCRE, .NET and JavaScript.</summary>
internal sealed class PatternReader
{
    private const int MostDepth = 32;

    private readonly int[] _text; // code points
    private readonly bool _ignoreCase;
    private int _at;
    private int _depth;

    private PatternReader(string text, bool ignoreCase)
    {
        _text = [.. text.EnumerateRunes().Select(rune => rune.Value)];
        var flag = text.StartsWith("(?i)", StringComparison.Ordinal);
        (_ignoreCase, _at) = (ignoreCase || flag, flag ? 4 : 0);
    }

    /// <summary>Reads an expression.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="ignoreCase">Whether the case of letters does not matter; becomes true if the expression says so.</param>
    /// <exception cref="PatternMistake">The expression is wrong, or has something that the engine does not support.</exception>
    public static PatternNode Read(string text, ref bool ignoreCase)
    {
        var reader = new PatternReader(text, ignoreCase);
        ignoreCase = reader._ignoreCase;
        var node = reader.ReadChoice();
        return reader._at == reader._text.Length ? node : throw reader.Mistake("a \")\" without a \"(\"");
    }

    private bool More => _at < _text.Length;

    private bool Take(char character)
    {
        if (!More || _text[_at] != character) return false;
        _at++;
        return true;
    }

    private bool Follows(string text)
    {
        if (_at + text.Length > _text.Length) return false;
        for (var index = 0; index < text.Length; index++)
        {
            if (_text[_at + index] != text[index]) return false;
        }
        return true;
    }

    private PatternMistake Mistake(string sentence) => new($"{sentence}, at character {_at + 1}");

    private PatternMistake NotSupported(string feature) => Mistake($"{feature} is not supported, because matching takes linear time");

    private PatternNode ReadChoice()
    {
        if (++_depth > MostDepth) throw Mistake($"groups are nested at most {MostDepth} deep");
        var parts = new List<PatternNode> { ReadSequence() };
        while (Take('|')) parts.Add(ReadSequence());
        _depth--;
        return parts.Count == 1 ? parts[0] : new Choice(parts);
    }

    private Sequence ReadSequence()
    {
        var parts = new List<PatternNode>();
        while (More && _text[_at] is not ('|' or ')')) parts.Add(ReadRepeat());
        return new(parts);
    }

    private PatternNode ReadRepeat()
    {
        if (AtQuantifier()) throw Mistake("there is nothing to repeat");
        var part = ReadAtom();
        var (least, most) = (0, (int?)null);
        if (Take('*')) { }
        else if (Take('+')) least = 1;
        else if (Take('?')) most = 1;
        else if (!TryReadCounts(out least, out most)) return part;
        if (part is At) throw Mistake("a place cannot be repeated");
        Take('?'); // whether a repetition is lazy does not change what matches
        if (More && _text[_at] == '+') throw NotSupported("a possessive quantifier");
        if (AtQuantifier()) throw Mistake("a quantifier follows a quantifier");
        return new Repeat(part, least, most);
    }

    private bool AtQuantifier()
    {
        var start = _at;
        var counts = TryReadCounts(out _, out _);
        _at = start;
        return counts || (More && _text[_at] is '*' or '+' or '?');
    }

    /// <summary>Reads <c>{2}</c>, <c>{2,}</c> or <c>{2,5}</c>; other braces are characters.</summary>
    private bool TryReadCounts(out int least, out int? most)
    {
        (least, most) = (0, null);
        var start = _at;
        if (Take('{') && TryReadNumber(out least))
        {
            most = least;
            var open = Take(',');
            if (open) most = TryReadNumber(out var number) ? number : null;
            if (Take('}'))
            {
                if (least > Pattern.MostInstructions || most > Pattern.MostInstructions)
                    throw new PatternMistake($"at most {Pattern.MostInstructions} repetitions are possible");
                return most is null || most >= least ? true : throw Mistake("the least number of repetitions is over the greatest one");
            }
        }
        _at = start;
        return false;
    }

    private bool TryReadNumber(out int number)
    {
        var start = _at;
        number = 0;
        while (More && _text[_at] is >= '0' and <= '9') number = Math.Min((10 * number) + _text[_at++] - '0', 1_000_000);
        return _at > start;
    }

    private PatternNode ReadAtom()
    {
        var character = _text[_at++];
        return character switch
        {
            '(' => ReadGroup(),
            '[' => new One(new SetReader(_text, _ignoreCase).Read(ref _at)),
            '.' => new One(CharacterSet.AnyButNewLine),
            '^' => new At(PatternPlace.Start),
            '$' => new At(PatternPlace.LastLineEnd),
            '\\' => ReadEscape(),
            _ => Literal(character),
        };
    }

    private PatternNode ReadGroup()
    {
        if (Take('?')) ReadKindOfGroup();
        else if (More && _text[_at] == '*') throw NotSupported("a verb");
        var node = ReadChoice();
        return Take(')') ? node : throw Mistake("a \"(\" without a \")\"");
    }

    private void ReadKindOfGroup()
    {
        if (Take(':')) return;
        if (Follows("=") || Follows("!") || Follows("<=") || Follows("<!")) throw NotSupported("lookaround");
        if (Follows(">")) throw NotSupported("an atomic group");
        if (Follows("(")) throw NotSupported("a condition");
        Take('P');
        if (!Take('<')) throw Mistake("this kind of group is not supported; options stand in \"$options\", or as (?i) at the start");
        var start = _at;
        while (More && CharacterSet.IsWord(_text[_at])) _at++;
        if (_at == start || !Take('>')) throw Mistake("a name of a group has letters and digits, and ends with \">\"");
    }

    private PatternNode ReadEscape()
    {
        var start = _at;
        switch (More ? _text[_at++] : -1)
        {
            case 'A': return new At(PatternPlace.Start);
            case 'z': return new At(PatternPlace.End);
            case 'Z': return new At(PatternPlace.LastLineEnd);
            case 'b': return new At(PatternPlace.WordBoundary);
            case 'B': return new At(PatternPlace.NoWordBoundary);
            case (>= '1' and <= '9') or 'k': throw NotSupported("a reference to a group");
            default:
                _at = start;
                var set = new SetReader(_text, _ignoreCase).ReadEscape(ref _at, out var character);
                return set is null ? Literal(character) : new One(set);
        }
    }

    private One Literal(int character) => new(new CharacterSet([(character, character)], [], negated: false, _ignoreCase));
}

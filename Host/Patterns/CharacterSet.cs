using System.Globalization;
using System.Text;

namespace SharedState.Host.Patterns;

/// <summary>A set of code points, such as <c>[a-z\d]</c>.</summary>
internal sealed class CharacterSet
{
    private readonly List<(int First, int Last)> _ranges = [];
    private readonly List<(UnicodeCategory[] Categories, bool Negated)> _categories = [];
    private readonly List<CharacterSet> _sets = [];
    private bool _negated;
    private bool _ignoreCase;
    private UInt128 _ascii; // a bit for each code point of ASCII, once the set is sealed

    /// <summary>All code points but the end of a line.</summary>
    public static CharacterSet AnyButNewLine { get; } = new CharacterSet().Add('\n', '\n').Seal(negated: true, ignoreCase: false);

    public static CharacterSet Digits { get; } = new CharacterSet().Add('0', '9').Seal(negated: false, ignoreCase: false);

    public static CharacterSet WordCharacters { get; } =
        new CharacterSet().Add('a', 'z').Add('A', 'Z').Add('0', '9').Add('_', '_').Seal(negated: false, ignoreCase: false);

    public static CharacterSet Spaces { get; } =
        new CharacterSet().Add('\t', '\r').Add(' ', ' ').Seal(negated: false, ignoreCase: false);

    /// <summary>The code points that are not in a sealed set.</summary>
    public CharacterSet Inverse() => new CharacterSet().Add(this).Seal(negated: true, ignoreCase: false);

    /// <summary>Adds a range, both ends included.</summary>
    public CharacterSet Add(int first, int last)
    {
        _ranges.Add((first, last));
        return this;
    }

    /// <summary>Adds a sealed set.</summary>
    public CharacterSet Add(CharacterSet set)
    {
        _sets.Add(set);
        return this;
    }

    /// <summary>Adds the characters of some categories, or all others.</summary>
    public CharacterSet Add(UnicodeCategory[] categories, bool negated)
    {
        _categories.Add((categories, negated));
        return this;
    }

    /// <summary>Ends the additions.</summary>
    /// <param name="negated">Whether the set has the code points that were not added.</param>
    /// <param name="ignoreCase">Whether a letter stands for its other case, too.</param>
    public CharacterSet Seal(bool negated, bool ignoreCase)
    {
        (_negated, _ignoreCase) = (negated, ignoreCase);
        for (var ascii = 0; ascii < 128; ascii++)
        {
            if (Find(ascii)) _ascii |= UInt128.One << ascii;
        }
        return this;
    }

    public bool Contains(int codePoint) => codePoint < 128 ? ((_ascii >> codePoint) & 1) != 0 : Find(codePoint);

    private bool Find(int codePoint)
    {
        var found = Holds(codePoint);
        // A lone surrogate has no case.
        if (!found && _ignoreCase && Rune.TryCreate(codePoint, out var rune))
            found = Holds(Rune.ToLowerInvariant(rune).Value) || Holds(Rune.ToUpperInvariant(rune).Value);
        return found != _negated;
    }

    private bool Holds(int codePoint)
    {
        foreach (var (first, last) in _ranges)
        {
            if (codePoint >= first && codePoint <= last) return true;
        }
        foreach (var (categories, negated) in _categories)
        {
            if (categories.Contains(CharUnicodeInfo.GetUnicodeCategory(codePoint)) != negated) return true;
        }
        foreach (var set in _sets)
        {
            if (set.Contains(codePoint)) return true;
        }
        return false;
    }
}

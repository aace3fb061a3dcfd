using System.Globalization;

namespace SharedState.Host.Patterns;

/// <summary>A set of code points, such as <c>[a-z\d]</c>: ranges and categories. A search in it takes a few steps, however many ranges
/// the set has.</summary>
internal sealed class CharacterSet
{
    private const int Last = 0x10FFFF;
    private const uint AllCategories = (1u << (int)UnicodeCategory.OtherNotAssigned + 1) - 1;

    private readonly (int First, int Last)[] _cased; // ranges whose letters stand for their other case, too, if case does not matter
    private readonly (int First, int Last)[] _exact; // ranges whose letters stand for themselves
    private readonly uint _categories;               // a bit for each category
    private readonly bool _negated;

    /// <param name="cased">Ranges of code points, both ends included, in any order.</param>
    /// <param name="sets">Sets that belong to the set. Case matters in them.</param>
    /// <param name="negated">Whether the set has the code points that are not in these.</param>
    /// <param name="ignoreCase">Whether the case of letters in the ranges does not matter.</param>
    public CharacterSet(
        IReadOnlyCollection<(int First, int Last)> cased, IReadOnlyCollection<CharacterSet> sets, bool negated, bool ignoreCase)
    {
        // A range of several letters needs no other cases: the character that is looked up has them.
        var letters = cased.Where(range => ignoreCase && range.First == range.Last);
        var cases = letters.SelectMany(range => Character.Of(range.First, ignoreCase).Cases);
        _cased = Merged(cased.Concat(cases.Select(other => (other, other))));
        _exact = Merged(sets.SelectMany(set => set._exact));
        foreach (var set in sets) _categories |= set._categories;
        _negated = negated;
    }

    private CharacterSet((int First, int Last)[] exact, uint categories) => (_cased, _exact, _categories) = ([], exact, categories);

    /// <summary>All code points but the end of a line.</summary>
    public static CharacterSet AnyButNewLine { get; } = new CharacterSet([('\n', '\n')], 0).Inverse();

    public static CharacterSet Digits { get; } = new([('0', '9')], 0);

    public static CharacterSet WordCharacters { get; } = new([('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')], 0);

    public static CharacterSet Spaces { get; } = new([('\t', '\r'), (' ', ' ')], 0);

    /// <summary>The code points of some categories.</summary>
    public static CharacterSet Of(IEnumerable<UnicodeCategory> categories) =>
        new([], categories.Aggregate(0u, (bits, category) => bits | Bit(category)));

    /// <summary>The code points that are not in a set, which has either ranges without case or categories.</summary>
    public CharacterSet Inverse()
    {
        if (_categories != 0) return new([], AllCategories & ~_categories);
        var ranges = new List<(int, int)>();
        var next = 0;
        foreach (var (first, last) in _exact)
        {
            if (first > next) ranges.Add((next, first - 1));
            next = last + 1;
        }
        if (next <= Last) ranges.Add((next, Last));
        return new([.. ranges], 0);
    }

    /// <summary>Whether a code point is a letter, a digit or an underscore of ASCII.</summary>
    public static bool IsWord(int codePoint) =>
        codePoint is >= 0 and < 128 && (char.IsAsciiLetterOrDigit((char)codePoint) || codePoint == '_');

    public bool Contains(in Character character)
    {
        var found = Contains(_exact, character.CodePoint) || Contains(_cased, character.CodePoint)
            || (character.HasCases && ContainsCase(character))
            || (_categories != 0 && (_categories & Bit(CharUnicodeInfo.GetUnicodeCategory(character.CodePoint))) != 0);
        return found != _negated;
    }

    private bool ContainsCase(in Character character) =>
        Contains(_cased, character.Lower) || Contains(_cased, character.Upper) || Contains(_cased, character.Folded);

    private static uint Bit(UnicodeCategory category) => 1u << (int)category;

    private static bool Contains((int First, int Last)[] ranges, int codePoint)
    {
        var (low, high) = (0, ranges.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].Last < codePoint) low = middle + 1;
            else high = middle;
        }
        return low < ranges.Length && ranges[low].First <= codePoint;
    }

    /// <summary>The same code points as sorted ranges that do not touch each other.</summary>
    private static (int First, int Last)[] Merged(IEnumerable<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach (var range in ranges.Order())
        {
            var touches = merged.Count > 0 && range.First <= merged[^1].Last + 1;
            if (touches) merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, range.Last));
            else merged.Add(range);
        }
        return [.. merged];
    }
}

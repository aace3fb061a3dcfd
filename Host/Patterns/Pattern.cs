using System.Buffers;
using System.Numerics;
using System.Text;

namespace SharedState.Host.Patterns;

/// <summary>
/// A regular expression, whose search takes a time that is linear in the text and in the expression, and memory that depends on the
/// expression alone. It follows all ways through the expression at once, character by character. Usable by several threads.
/// docs/adr/0081, 0112.
/// </summary>
internal sealed class Pattern
{
    /// <summary>The greatest size.</summary>
    public const int MostInstructions = 300;

    private const int MostCharacters = 1000;
    private const int None = -1; // before the text, and after it

    private readonly PatternWays _ways;
    private readonly CharacterSet[] _sets; // each once
    private readonly ushort[] _setOf;      // of each step
    private readonly ulong[] _ascii;       // for each character of ASCII the set of the steps that take it
    private readonly bool _ignoreCase;
    private readonly bool _atStart;        // a match begins at the start of the text

    private Pattern(PatternInstruction[] instructions, bool ignoreCase)
    {
        (Size, _ignoreCase) = (instructions.Length, ignoreCase);
        _atStart = instructions[0] is { Operation: PatternOperation.At, Place: PatternPlace.Start };
        _ways = new(instructions);
        var sets = Enumerable.Range(0, Match).Select(_ways.SetOf).ToList();
        _sets = [.. sets.Distinct()];
        _setOf = [.. sets.Select(set => (ushort)Array.IndexOf(_sets, set))];
        _ascii = new ulong[128 * _ways.Words];
        for (var codePoint = 0; codePoint < 128; codePoint++)
        {
            var character = Character.Of(codePoint, ignoreCase);
            var takes = Array.ConvertAll(_sets, set => set.Contains(character));
            for (var step = 0; step < Match; step++)
            {
                if (takes[_setOf[step]]) _ascii[(codePoint * _ways.Words) + (step / 64)] |= 1ul << step;
            }
        }
    }

    /// <summary>The number of its instructions: about that of its characters, written without counts.</summary>
    public int Size { get; }

    /// <summary>The maximum size in memory, approximately.</summary>
    public int MostBytes => (sizeof(ulong) * _ascii.Length) + _ways.MostBytes;

    private int Match => _ways.Steps - 1;

    /// <summary>Reads an expression.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="ignoreCase">Whether the case of letters does not matter.</param>
    /// <param name="mistake">Gets a sentence if the expression is wrong, too large, or has something that is not supported.</param>
    /// <returns>The pattern; null if there is a mistake.</returns>
    public static Pattern? Parse(string text, bool ignoreCase, out string? mistake)
    {
        mistake = text.Length > MostCharacters ? $"an expression has at most {MostCharacters} characters" : null;
        if (mistake is not null) return null;
        try
        {
            return new(PatternProgram.Of(PatternReader.Read(text, ref ignoreCase)), ignoreCase);
        }
        catch (PatternMistake found)
        {
            mistake = found.Message;
            return null;
        }
    }

    /// <summary>Whether a text contains a match.</summary>
    /// <param name="text">The text in UTF-8; lone surrogates have three bytes.</param>
    public bool IsMatch(ReadOnlySpan<byte> text)
    {
        Span<ulong> steps = stackalloc ulong[_ways.Words], next = stackalloc ulong[_ways.Words];
        Span<Known> known = stackalloc Known[_sets.Length];
        var at = Decode(text, out var length);
        _ways.Reached(PatternWays.Start, PlacesBetween(None, at, last: text.Length == length)).CopyTo(steps);
        while (true)
        {
            // :: 1. The steps wait for the character at the start of the text.
            if ((steps[Match / 64] & (1ul << Match)) != 0) return true;
            if (at == None) return false;
            text = text[length..];
            var after = Decode(text, out length);
            var places = PlacesBetween(at, after, last: text.Length == length);

            // :: 2. Those that take it lead to the steps that wait for the next one. A match may begin there, too.
            next.Clear();
            if (!_atStart) Add(next, PatternWays.Start, places);
            if (at < 128) TakeAscii(at, steps, next, places);
            else TakeOther(Character.Of(at, _ignoreCase), steps, next, known, places);
            if (_atStart && !next.ContainsAnyExcept(0ul)) return false;
            next.CopyTo(steps);
            at = after;
        }
    }

    private void TakeAscii(int character, ReadOnlySpan<ulong> steps, Span<ulong> next, int places)
    {
        var takes = _ascii.AsSpan(character * steps.Length, steps.Length);
        for (var word = 0; word < steps.Length; word++)
        {
            for (var left = steps[word] & takes[word]; left != 0; left &= left - 1)
            {
                Add(next, (64 * word) + BitOperations.TrailingZeroCount(left) + 1, places);
            }
        }
    }

    /// <summary>Takes a character beyond ASCII; asks each set once.</summary>
    private void TakeOther(in Character character, ReadOnlySpan<ulong> steps, Span<ulong> next, Span<Known> known, int places)
    {
        known.Clear();
        for (var word = 0; word < steps.Length; word++)
        {
            for (var left = steps[word]; left != 0; left &= left - 1)
            {
                var step = (64 * word) + BitOperations.TrailingZeroCount(left);
                ref var takes = ref known[_setOf[step]];
                if (takes == Known.Nothing) takes = _sets[_setOf[step]].Contains(character) ? Known.Contained : Known.NotContained;
                if (takes == Known.Contained) Add(next, step + 1, places);
            }
        }
    }

    private void Add(Span<ulong> steps, int way, int places)
    {
        var reached = _ways.Reached(way, places);
        for (var word = 0; word < steps.Length; word++) steps[word] |= reached[word];
    }

    /// <summary>The places of those that the expression asks for, with a bit for each, that are between two characters.</summary>
    /// <param name="before">The code point before.</param>
    /// <param name="after">The code point after.</param>
    /// <param name="last">Whether at most that code point follows.</param>
    private int PlacesBetween(int before, int after, bool last)
    {
        if (_ways.Places == 0) return 0;
        var isBoundary = CharacterSet.IsWord(before) != CharacterSet.IsWord(after);
        var places = 1 << (int)(isBoundary ? PatternPlace.WordBoundary : PatternPlace.NoWordBoundary);
        if (before == None) places |= 1 << (int)PatternPlace.Start;
        if (after == None) places |= 1 << (int)PatternPlace.End;
        if (after == None || (last && after == '\n')) places |= 1 << (int)PatternPlace.LastLineEnd;
        return places & _ways.Places;
    }

    /// <summary>The first code point of a text, and its length in bytes; none at the end of the text.</summary>
    private static int Decode(ReadOnlySpan<byte> text, out int length)
    {
        length = 0;
        if (text.IsEmpty) return None;
        length = 1;
        if (text[0] < 0x80) return text[0];
        if (Rune.DecodeFromUtf8(text, out var rune, out length) == OperationStatus.Done) return rune.Value;
        length = Math.Min(3, text.Length);
        return length < 3 ? 0xFFFD : ((text[0] & 0xF) << 12) | ((text[1] & 0x3F) << 6) | (text[2] & 0x3F);
    }

    /// <summary>Whether a set contains the current character, as far as it was asked.</summary>
    private enum Known : byte
    {
        Nothing,
        Contained,
        NotContained,
    }
}

using System.Buffers;
using System.Text;

namespace SharedState.Host.Patterns;

/// <summary>
/// A regular expression, whose search takes a time that is linear in the text and in the expression, and memory that depends on the
/// expression alone. It follows all ways through the expression at once, character by character. docs/adr/0081.
/// </summary>
internal sealed class Pattern
{
    /// <summary>The greatest size. Each character of a text costs at most a visit of each instruction, a few microseconds.</summary>
    public const int MostInstructions = 300;

    private const int MostCharacters = 1000;
    private const int None = -1; // before the text, and after it

    private readonly PatternInstruction[] _instructions;
    private readonly bool _atStart; // a match begins at the start of the text

    private Pattern(PatternInstruction[] instructions)
    {
        _instructions = instructions;
        _atStart = instructions[0] is { Operation: PatternOperation.At, Place: PatternPlace.Start };
    }

    /// <summary>The number of its instructions: about that of its characters, written without counts.</summary>
    public int Size => _instructions.Length;

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
            return new(PatternProgram.Of(PatternReader.Read(text, ignoreCase)));
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
        var size = _instructions.Length;
        Span<int> ways = stackalloc int[size], next = stackalloc int[size], open = stackalloc int[size];
        Span<bool> visited = stackalloc bool[size];
        var (count, before) = (0, None);
        while (true)
        {
            // :: 1. Follow the ways, and a new one from here, up to the instructions that take a character.
            var at = Decode(text, out var length);
            visited.Clear();
            var waiting = 0;
            var place = new Place(before, at, text.Length == length);
            for (var way = 0; way < count; way++)
            {
                if (Follow(ways[way], place, visited, open, next, ref waiting)) return true;
            }
            if ((before == None || !_atStart) && Follow(0, place, visited, open, next, ref waiting)) return true;
            if (at == None || (waiting == 0 && _atStart)) return false;

            // :: 2. Take the character.
            count = 0;
            for (var way = 0; way < waiting; way++)
            {
                if (_instructions[next[way]].Set!.Contains(at)) ways[count++] = next[way] + 1;
            }
            text = text[length..];
            before = at;
        }
    }

    /// <summary>Follows a way up to the instructions that take a character; true if it reaches the match.</summary>
    private bool Follow(int start, in Place place, Span<bool> visited, Span<int> open, Span<int> waiting, ref int count)
    {
        var depth = 0;
        if (!visited[start]) open[depth++] = start;
        visited[start] = true;
        while (depth > 0)
        {
            var index = open[--depth];
            ref readonly var instruction = ref _instructions[index];
            switch (instruction.Operation)
            {
                case PatternOperation.Match:
                    return true;
                case PatternOperation.One:
                    waiting[count++] = index;
                    continue;
                case PatternOperation.At when !place.Is(instruction.Place):
                    continue;
            }
            if (instruction.Operation is PatternOperation.Jump or PatternOperation.Fork && !visited[instruction.Target])
            {
                visited[instruction.Target] = true;
                open[depth++] = instruction.Target;
            }
            if (instruction.Operation == PatternOperation.Jump || visited[index + 1]) continue;
            visited[index + 1] = true;
            open[depth++] = index + 1;
        }
        return false;
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

    /// <summary>A place in a text.</summary>
    /// <param name="before">The code point before it.</param>
    /// <param name="after">The code point after it.</param>
    /// <param name="last">Whether at most that code point follows.</param>
    private readonly struct Place(int before, int after, bool last)
    {
        public bool Is(PatternPlace place) => place switch
        {
            PatternPlace.Start => before == None,
            PatternPlace.End => after == None,
            PatternPlace.LastLineEnd => after == None || (last && after == '\n'),
            PatternPlace.WordBoundary => IsBoundary,
            _ => !IsBoundary,
        };

        private bool IsBoundary => IsWord(before) != IsWord(after);

        private static bool IsWord(int codePoint) => codePoint is >= 0 and < 128 && CharacterSet.WordCharacters.Contains(codePoint);
    }
}

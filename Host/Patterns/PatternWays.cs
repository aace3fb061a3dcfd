namespace SharedState.Host.Patterns;

/// <summary>
/// The ways through an expression from one character of a text to the next one. A step is an instruction that takes a character; the last
/// step is the match. Sets of steps have a bit for each step. Usable by several threads.
/// </summary>
internal sealed class PatternWays
{
    /// <summary>The way that begins a match; way N+1 goes on after step N.</summary>
    public const int Start = 0;

    // Of a step, its instructions and its set; and of a set of steps and the reference to it, without the bits.
    private const int StepBytes = 200, RowBytes = 32;

    private readonly PatternInstruction[] _instructions;
    private readonly int[] _instructionOf; // of each step
    private readonly int[] _stepOf;        // of each instruction that takes a character, and of the match
    private readonly ulong[]?[] _anywhere;  // by the way, of those that ask for no place; computed at the first use
    private readonly ulong[]?[][] _reached; // by the places, by the way, of all

    public PatternWays(PatternInstruction[] instructions)
    {
        _instructions = instructions;
        _stepOf = new int[instructions.Length];
        var steps = new List<int>();
        for (var index = 0; index < instructions.Length; index++)
        {
            var operation = instructions[index].Operation;
            if (operation == PatternOperation.At) Places |= 1 << (int)instructions[index].Place;
            if (operation is not (PatternOperation.One or PatternOperation.Match)) continue;
            _stepOf[index] = steps.Count;
            steps.Add(index);
        }
        _instructionOf = [.. steps];
        Words = (steps.Count + 63) / 64;
        _anywhere = new ulong[Steps][];
        _reached = new ulong[]?[Places + 1][];
    }

    /// <summary>The number of steps; the last one is the match.</summary>
    public int Steps => _instructionOf.Length;

    /// <summary>The length of a set of steps.</summary>
    public int Words { get; }

    /// <summary>A bit for each <see cref="PatternPlace"/> that the expression asks for.</summary>
    public int Places { get; }

    /// <summary>The maximum size in memory, approximately.</summary>
    public int MostBytes
    {
        get
        {
            // Places of a text: a boundary or none, and the end, the last line's end or neither; and those of the start.
            var sets = Places == 0 ? 1 : 7;
            return (StepBytes * Steps) + (sets * Steps * (RowBytes + (sizeof(ulong) * Words)));
        }
    }

    /// <summary>The characters that a step takes.</summary>
    public CharacterSet SetOf(int step) => _instructions[_instructionOf[step]].Set!;

    /// <summary>The steps that a way reaches.</summary>
    /// <param name="way">The way.</param>
    /// <param name="places">A bit for each place, of those that the expression asks for, that is here in the text.</param>
    public ReadOnlySpan<ulong> Reached(int way, int places)
    {
        var ways = _reached[places] ??= new ulong[Steps][];
        return ways[way] ??= _anywhere[way] ?? Follow(way, places);
    }

    private ulong[] Follow(int way, int places)
    {
        var reached = new ulong[Words];
        var visited = new bool[_instructions.Length];
        var open = new Stack<int>([way == Start ? 0 : _instructionOf[way - 1] + 1]);
        var asked = false;
        while (open.TryPop(out var index))
        {
            if (visited[index]) continue;
            visited[index] = true;
            ref readonly var instruction = ref _instructions[index];
            switch (instruction.Operation)
            {
                case PatternOperation.One or PatternOperation.Match:
                    reached[_stepOf[index] / 64] |= 1ul << _stepOf[index];
                    continue;
                case PatternOperation.At:
                    asked = true;
                    if ((places & (1 << (int)instruction.Place)) == 0) continue;
                    break;
                case PatternOperation.Jump:
                    open.Push(instruction.Target);
                    continue;
                case PatternOperation.Fork:
                    open.Push(instruction.Target);
                    break;
            }
            open.Push(index + 1);
        }
        if (!asked) _anywhere[way] = reached;
        return reached;
    }
}

using static SharedState.Host.Patterns.PatternNode;

namespace SharedState.Host.Patterns;

/// <summary>The instructions that a regular expression becomes.</summary>
internal sealed class PatternProgram
{
    private readonly List<PatternInstruction> _instructions = [];
    private int _steps;

    private PatternProgram() { }

    /// <summary>The instructions of an expression; the last one is the match.</summary>
    /// <exception cref="PatternMistake">There would be too many.</exception>
    public static PatternInstruction[] Of(PatternNode node)
    {
        var program = new PatternProgram();
        program.Add(node);
        program.Add(new PatternInstruction(PatternOperation.Match));
        return [.. program._instructions];
    }

    private int Next => _instructions.Count;

    private void Add(PatternNode node)
    {
        // Parts without an instruction, such as (){1000}, take time, too.
        if (++_steps > 4 * Pattern.MostInstructions) throw TooLarge();
        switch (node)
        {
            case One one:
                Add(new PatternInstruction(PatternOperation.One) { Set = one.Set });
                break;
            case At at:
                Add(new PatternInstruction(PatternOperation.At) { Place = at.Place });
                break;
            case Sequence sequence:
                foreach (var part in sequence.Parts) Add(part);
                break;
            case Choice choice:
                AddChoice(choice);
                break;
            case Repeat repeat:
                AddRepeat(repeat);
                break;
        }
    }

    private void AddChoice(Choice choice)
    {
        var ends = new List<int>();
        for (var index = 0; index < choice.Parts.Count - 1; index++)
        {
            var fork = Add(new PatternInstruction(PatternOperation.Fork));
            Add(choice.Parts[index]);
            ends.Add(Add(new PatternInstruction(PatternOperation.Jump)));
            LetJump(fork, Next);
        }
        Add(choice.Parts[^1]);
        foreach (var end in ends) LetJump(end, Next);
    }

    private void AddRepeat(Repeat repeat)
    {
        for (var count = 0; count < repeat.Least; count++) Add(repeat.Part);
        if (repeat.Most is not { } most)
        {
            var fork = Add(new PatternInstruction(PatternOperation.Fork));
            Add(repeat.Part);
            Add(new PatternInstruction(PatternOperation.Jump) { Target = fork });
            LetJump(fork, Next);
            return;
        }
        var forks = new List<int>();
        for (var count = repeat.Least; count < most; count++)
        {
            forks.Add(Add(new PatternInstruction(PatternOperation.Fork)));
            Add(repeat.Part);
        }
        foreach (var fork in forks) LetJump(fork, Next);
    }

    private int Add(PatternInstruction instruction)
    {
        if (_instructions.Count == Pattern.MostInstructions) throw TooLarge();
        _instructions.Add(instruction);
        return _instructions.Count - 1;
    }

    private void LetJump(int instruction, int target) => _instructions[instruction] = _instructions[instruction] with { Target = target };

    private static PatternMistake TooLarge() => new(
        $"the expression is too large: written without counts, as aaa for a{{3}}, it has at most about {Pattern.MostInstructions} characters");
}

/// <summary>An instruction of a regular expression.</summary>
internal readonly record struct PatternInstruction(PatternOperation Operation)
{
    /// <summary>Of <see cref="PatternOperation.One"/>.</summary>
    public CharacterSet? Set { get; init; }

    /// <summary>Of <see cref="PatternOperation.At"/>.</summary>
    public PatternPlace Place { get; init; }

    /// <summary>The instruction that <see cref="PatternOperation.Jump"/> and <see cref="PatternOperation.Fork"/> lead to.</summary>
    public int Target { get; init; }
}

/// <summary>What an instruction does.</summary>
internal enum PatternOperation : byte
{
    /// <summary>Takes one code point of a set.</summary>
    One,

    /// <summary>Goes on only at a place of the text.</summary>
    At,

    /// <summary>Goes on at the target.</summary>
    Jump,

    /// <summary>Goes on at the target, and at the next instruction.</summary>
    Fork,

    /// <summary>The text matches.</summary>
    Match,
}

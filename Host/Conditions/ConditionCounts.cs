using SharedState.Host.Patterns;

namespace SharedState.Host.Conditions;

/// <summary>The limits of a condition, which bound what its evaluation costs.</summary>
internal sealed class ConditionCounts
{
    /// <summary>How deep the objects of a condition are nested.</summary>
    public const int MostLevels = 16;

    public const int MostOperators = 256;

    public const int MostValues = 1000;

    // An expression of this size costs at most a fifth of a millisecond for each KiB of text: docs/adr/0112.
    private const int PatternSize = 50;

    // What an operator, a field or a value takes.
    private const int MemberBytes = 400;

    private int _operators, _values, _claimed, _patternBytes;

    /// <summary>The number of operators, fields and values so far; of a regular expression as many as take the same memory.</summary>
    public int All => _operators + _values + _claimed + (_patternBytes / MemberBytes);

    public static void CheckLevel(string place, int level)
    {
        if (level > MostLevels) throw new ConditionMistake(place, $"a condition has at most {MostLevels} levels of objects");
    }

    public void AddOperator(string place)
    {
        if (++_operators > MostOperators) throw new ConditionMistake(place, $"a condition has at most {MostOperators} operators and fields");
    }

    /// <summary>Counts a regular expression: once more for each so many instructions, because of its cost.</summary>
    public void AddPattern(string place, Pattern pattern)
    {
        _operators += pattern.Size / PatternSize;
        _patternBytes += pattern.MostBytes;
        if (_operators <= MostOperators) return;
        throw new ConditionMistake(
            place, $"a condition has at most {MostOperators} operators and fields; each {PatternSize} characters of an expression count as one");
    }

    /// <summary>Counts a value of a list that stands for a name. The size of the token bounds them.</summary>
    public void AddClaimed() => _claimed++;

    public void AddValue(string place)
    {
        if (++_values > MostValues) throw new ConditionMistake(place, $"a condition has at most {MostValues} values");
    }
}

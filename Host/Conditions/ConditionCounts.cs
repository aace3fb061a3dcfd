using SharedState.Host.Patterns;

namespace SharedState.Host.Conditions;

/// <summary>The limits of a condition, which bound what its evaluation costs.</summary>
internal sealed class ConditionCounts
{
    /// <summary>How deep the objects of a condition are nested.</summary>
    public const int MostLevels = 16;

    public const int MostOperators = 256;

    public const int MostValues = 1000;

    // The part of a regular expression that costs about a millisecond for each KiB of text, at worst.
    private const int PatternSize = 50;

    private int _operators, _values;

    /// <summary>The number of operators, fields and values so far.</summary>
    public int All => _operators + _values;

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
        if (_operators <= MostOperators) return;
        throw new ConditionMistake(
            place, $"a condition has at most {MostOperators} operators and fields; each {PatternSize} characters of an expression count as one");
    }

    public void AddValue(string place)
    {
        if (++_values > MostValues) throw new ConditionMistake(place, $"a condition has at most {MostValues} values");
    }
}

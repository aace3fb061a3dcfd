namespace SharedState.Host.Patterns;

/// <summary>A part of a regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>One code point of a set.</summary>
    public sealed record One(CharacterSet Set) : PatternNode;

    /// <summary>A place in the text.</summary>
    public sealed record At(PatternPlace Place) : PatternNode;

    /// <summary>Parts one after the other.</summary>
    public sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode;

    /// <summary>One of several parts.</summary>
    public sealed record Choice(IReadOnlyList<PatternNode> Parts) : PatternNode;

    /// <summary>A part several times.</summary>
    /// <param name="Part">The part.</param>
    /// <param name="Least">The least number.</param>
    /// <param name="Most">The greatest number; null for any.</param>
    public sealed record Repeat(PatternNode Part, int Least, int? Most) : PatternNode;
}

/// <summary>A place in a text that a regular expression can ask for.</summary>
internal enum PatternPlace
{
    /// <summary><c>^</c> and <c>\A</c></summary>
    Start,

    /// <summary><c>\z</c></summary>
    End,

    /// <summary><c>$</c> and <c>\Z</c>: the end, or before a newline at the end.</summary>
    LastLineEnd,

    /// <summary><c>\b</c></summary>
    WordBoundary,

    /// <summary><c>\B</c></summary>
    NoWordBoundary,
}

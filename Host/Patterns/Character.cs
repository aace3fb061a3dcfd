using System.Text;

namespace SharedState.Host.Patterns;

/// <summary>A code point of a text, with its other cases.</summary>
/// <param name="CodePoint">The code point.</param>
/// <param name="Lower">The letter in lower case; the code point, if it has no cases or case matters.</param>
/// <param name="Upper">The letter in upper case.</param>
/// <param name="Folded">The lower case of the upper case: the same for ς and σ, which are their own lower cases.</param>
internal readonly record struct Character(int CodePoint, int Lower, int Upper, int Folded)
{
    public bool HasCases => Lower != CodePoint || Upper != CodePoint;

    public IEnumerable<int> Cases => [Lower, Upper, Folded];

    /// <param name="codePoint">The code point.</param>
    /// <param name="ignoreCase">Whether case does not matter.</param>
    public static Character Of(int codePoint, bool ignoreCase)
    {
        // A lone surrogate has no case.
        if (!ignoreCase || !Rune.TryCreate(codePoint, out var rune)) return new(codePoint, codePoint, codePoint, codePoint);
        var upper = Rune.ToUpperInvariant(rune);
        return new(codePoint, Rune.ToLowerInvariant(rune).Value, upper.Value, Rune.ToLowerInvariant(upper).Value);
    }
}

using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using SharedState.Host.Json;

namespace SharedState.Host.Conditions;

/// <summary><c>$regex</c>, with an engine whose time is linear in the text.</summary>
internal sealed class PatternTest : ValueTest
{
    private readonly Regex _regex;

    private PatternTest(Regex regex, string text) => (_regex, Text) = (regex, text);

    public override string Text { get; }

    /// <summary>The test of an expression; null if the expression is wrong.</summary>
    public static PatternTest? Create(string pattern, bool ignoreCase, out string? wrong)
    {
        wrong = null;
        var options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | (ignoreCase ? RegexOptions.IgnoreCase : 0);
        try
        {
            return new(new(pattern, options), $"{{\"$regex\":{JsonText.Quote(pattern)}{(ignoreCase ? ",\"$options\":\"i\"" : "")}}}");
        }
        catch (RegexParseException exception)
        {
            wrong = $"not a regular expression, at character {exception.Offset}";
        }
        catch (NotSupportedException)
        {
            wrong = "the engine, whose time is linear, supports no lookaround, no backreference, no atomic group and no condition";
        }
        return null;
    }

    public override bool Holds(in FieldValue value)
    {
        if (value.Kind != ValueKind.String) return false;
        var bytes = value.Bytes.Span;
        var characters = ArrayPool<char>.Shared.Rent(bytes.Length);
        var matches = _regex.IsMatch(characters.AsSpan(0, Encoding.UTF8.GetChars(bytes, characters)));
        ArrayPool<char>.Shared.Return(characters);
        return matches;
    }
}

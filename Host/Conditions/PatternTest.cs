using SharedState.Host.Json;
using SharedState.Host.Patterns;

namespace SharedState.Host.Conditions;

/// <summary><c>$regex</c>.</summary>
internal sealed class PatternTest(Pattern pattern, string text, bool ignoreCase) : ValueTest
{
    public override string Text { get; } = $"{{\"$regex\":{JsonText.Quote(text)}{(ignoreCase ? ",\"$options\":\"i\"" : "")}}}";

    public override bool Holds(in FieldValue value) => value.Kind == ValueKind.String && pattern.IsMatch(value.Bytes.Span);
}

using SharedState.Host.Json;
using SharedState.Host.Patterns;

namespace SharedState.Host.Conditions;

/// <summary><c>$regex</c>.</summary>
internal sealed class PatternTest(Pattern pattern, string text, bool ignoreCase) : ValueTest
{
    public override string Text { get; } = $"{{\"$regex\":{JsonText.Quote(text)}{(ignoreCase ? ",\"$options\":\"i\"" : "")}}}";

    // Usually less. At worst, if all steps take each character, six times as much: docs/adr/0112.
    public override int Cost => 1 + (pattern.Size / 3);

    public override bool Holds(in FieldValue value) => value.Kind == ValueKind.String && pattern.IsMatch(value.Bytes.Span);
}

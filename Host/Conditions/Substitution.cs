using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SharedState.Host.Conditions;

/// <summary>Replaces <c>{name}</c> in the strings of a condition by values, while the condition is read.</summary>
/// <param name="values">The value of a name; null, or a JSON null, if the name has none. Null to check a condition without values.</param>
internal sealed partial class Substitution(Func<string, JsonElement?>? values)
{
    /// <summary>The argument of an operator whose value is not known when the condition is checked.</summary>
    public static readonly JsonElement AnyList = Parse("[]"), AnyBoolean = Parse("true"), AnyNumber = Parse("0");

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>The names that the condition uses.</summary>
    public IReadOnlyCollection<string> Names => _names;

    /// <summary>The first name without a value, or with one that cannot stand in a text; null if there is none. A condition with such a
    /// name does not hold.</summary>
    public string? Missing { get; private set; }

    /// <summary>The value to compare with that a string stands for: the value of a name with its type, or a text.</summary>
    public Literal Value(string text) =>
        IsName(text) ? Literal.Of(Find(text[1..^1]) ?? AnyNumber) : Literal.OfText(Encoding.UTF8.GetBytes(Text(text, value => value)));

    /// <summary>The argument of an operator that a string stands for: the value of a name.</summary>
    /// <param name="text">The string.</param>
    /// <param name="json">The string as JSON, which is the result for any other string.</param>
    /// <param name="any">The result if no values are known.</param>
    public JsonElement Argument(string text, JsonElement json, JsonElement any) =>
        IsName(text) ? Find(text[1..^1]) ?? any : json;

    /// <summary>The regular expression that a string stands for. Values are literal in it.</summary>
    public string Pattern(string text) => Text(text, Escaped);

    /// <summary>The end of a sentence about a condition that cannot be used because of a name: the name, and why it has no value
    /// there.</summary>
    public static string Need(string name, Func<string, JsonElement?> values) =>
        values(name) is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) }
            ? $"needs {{{name}}}, whose value is a list or an object and cannot stand in a text"
            : $"needs {{{name}}}, which has no value";

    private static bool IsName(string text) => Name().Match(text) is { Success: true } match && match.Length == text.Length;

    private string Text(string text, Func<string, string> spell) =>
        Name().Replace(text, match => spell(TextOf(match.Value[1..^1])));

    private string TextOf(string name)
    {
        var value = Find(name);
        switch (value?.ValueKind)
        {
            case null:
                return "x"; // what can be repeated, if it stands in an expression
            case JsonValueKind.String:
                return ListReader.Text(value.Value) ?? Nothing(name);
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                return value.Value.GetRawText();
            default:
                return Nothing(name);
        }
    }

    // Also those characters that mean something in a set only.
    private static string Escaped(string value) =>
        string.Concat(value.Select(character => char.IsAscii(character) && !char.IsLetterOrDigit(character) ? $"\\{character}" : $"{character}"));

    private JsonElement? Find(string name)
    {
        _names.Add(name);
        if (values is null) return null;
        if (values(name) is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } value) return value;
        Nothing(name);
        return null;
    }

    private string Nothing(string name)
    {
        Missing ??= name;
        return "";
    }

    private static JsonElement Parse(string json) => JsonElement.Parse(json);

    // Not a quantifier of a regular expression, such as {2} or {2,}.
    [GeneratedRegex(@"\{[A-Za-z_][^{}\s,]*\}", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}

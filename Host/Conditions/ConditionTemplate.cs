using System.Text.Json;

namespace SharedState.Host.Conditions;

/// <summary>
/// A condition with names in its strings, such as <c>{"author":"{sub}"}</c>, which becomes a condition for values of these names. A string
/// that is exactly a name becomes the value with its type; in other strings, the value's text is inserted. A value never becomes an
/// operator, and is literal in a <c>$regex</c>.
/// </summary>
internal sealed class ConditionTemplate
{
    private readonly byte[] _json;

    private ConditionTemplate(byte[] json, IReadOnlyCollection<string> names) => (_json, Names) = (json, names);

    /// <summary>The names that the condition uses, each once.</summary>
    public IReadOnlyCollection<string> Names { get; }

    /// <summary>Reads a template. Never throws.</summary>
    /// <param name="json">The condition in UTF-8.</param>
    /// <param name="name">The name of the condition in mistakes, such as <c>read</c>.</param>
    /// <param name="mistake">Gets the first mistake, with its place.</param>
    /// <returns>The template; null if there is a mistake.</returns>
    public static ConditionTemplate? Parse(ReadOnlyMemory<byte> json, string name, out string? mistake)
    {
        var substitution = new Substitution(values: null);
        var condition = ConditionReader.Read(json, name, substitution, out mistake);
        return condition is null ? null : new(json.ToArray(), substitution.Names);
    }

    /// <summary>The condition for some values. It never holds if a name has no value, or one that is not possible there.</summary>
    /// <param name="values">The value of a name; null, or a JSON null, if there is none.</param>
    public Condition For(Func<string, JsonElement?> values)
    {
        var substitution = new Substitution(values);
        var condition = ConditionReader.Read(_json, "", substitution, out _);
        return condition is null || substitution.Missing is not null ? Condition.Never : condition;
    }

    /// <summary>Why the condition holds for no document, with some values: a name without a usable value, or a value of a wrong type. Null
    /// if neither is so.</summary>
    /// <param name="values">The value of a name; null, or a JSON null, if there is none.</param>
    /// <param name="name">The name of the condition in the reason, such as <c>read</c>.</param>
    public string? WhyNever(Func<string, JsonElement?> values, string name)
    {
        var substitution = new Substitution(values);
        ConditionReader.Read(_json, name, substitution, out var mistake);
        return substitution.Missing is { } missing ? Substitution.Need(missing, values)
            : mistake is not null ? $"cannot hold: {mistake}"
            : null;
    }
}

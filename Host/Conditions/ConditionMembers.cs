using System.Runtime.InteropServices;
using System.Text.Json;
using SharedState.Host.Json;

namespace SharedState.Host.Conditions;

/// <summary>The members of an object in a condition.</summary>
internal static class ConditionMembers
{
    private const int MostNameLength = 64; // in places

    /// <summary>The name, the value and the place of each member.</summary>
    public static IEnumerable<(string Name, JsonElement Value, string Place)> Of(JsonElement json, string place)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in json.EnumerateObject())
        {
            var (name, isText) = Name(member);
            var at = $"{place}.{name[..Math.Min(name.Length, MostNameLength)]}";
            if (!isText) throw new ConditionMistake(at, "a name has no lone surrogates");
            if (!names.Add(name)) throw new ConditionMistake(at, "this comes twice");
            yield return (name, member.Value, at);
        }
    }

    /// <summary>Whether a value is an object with an operator.</summary>
    public static bool HasOperator(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && json.EnumerateObject().Any(member => Name(member).Name.StartsWith('$'));

    /// <summary>Whether a value is an object with an operator of a field, one that does not combine conditions.</summary>
    public static bool HasFieldOperator(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && json.EnumerateObject().Any(
            member => Name(member).Name is var name && name.StartsWith('$') && name is not ("$and" or "$or" or "$nor"));

    private static (string Name, bool IsText) Name(JsonProperty member)
    {
        var spelling = JsonMarshal.GetRawUtf8PropertyName(member);
        return (JsonText.NameOf(spelling, out var isText), isText);
    }
}

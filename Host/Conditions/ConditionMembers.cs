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

    /// <summary>Whether the first member of an object is an operator.</summary>
    public static bool StartWithOperator(JsonElement json)
    {
        foreach (var member in json.EnumerateObject()) return Name(member).Name.StartsWith('$');
        return false;
    }

    /// <summary>Whether the first member of an object combines conditions.</summary>
    public static bool StartWithCombination(JsonElement json)
    {
        foreach (var member in json.EnumerateObject()) return Name(member).Name is "$and" or "$or" or "$nor";
        return false;
    }

    private static (string Name, bool IsText) Name(JsonProperty member)
    {
        var spelling = JsonMarshal.GetRawUtf8PropertyName(member);
        return (JsonText.NameOf(spelling, out var isText), isText);
    }
}

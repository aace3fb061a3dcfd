namespace SharedState.Host.Tests.Conditions;

/// <summary>The cases of conditions.txt: after a condition, the items that match (+) and those that do not (-).</summary>
internal static class ConditionCases
{
    /// <summary>All cases: the condition, the item, whether the item matches.</summary>
    public static IEnumerable<(string Condition, string Item, bool Matches)> All() =>
        In(File.ReadLines(Repository.At("tests", "Host.Tests", "Conditions", "conditions.txt")));

    /// <summary>The cases in some lines.</summary>
    public static IEnumerable<(string Condition, string Item, bool Matches)> In(IEnumerable<string> lines)
    {
        var condition = "";
        foreach (var line in lines)
        {
            if (line.StartsWith('{')) condition = line;
            else if (line.StartsWith("+ ", StringComparison.Ordinal)) yield return (condition, line[2..], true);
            else if (line.StartsWith("- ", StringComparison.Ordinal)) yield return (condition, line[2..], false);
            else if (line.Length > 0 && line[0] != '#') throw new FormatException(line);
        }
    }
}

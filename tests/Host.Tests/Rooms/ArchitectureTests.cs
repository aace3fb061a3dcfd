using System.Reflection;
using System.Text.RegularExpressions;

namespace SharedState.Host.Tests.Rooms;

/// <summary>The names in docs/ARCHITECTURE.md are those of the code.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string Page = File.ReadAllText(Repository.At("docs", "ARCHITECTURE.md"));

    private static readonly Dictionary<string, Type[]> Types = new[] { typeof(Limits).Assembly, typeof(IItemService).Assembly }
        .SelectMany(assembly => assembly.GetTypes())
        .GroupBy(type => type.Name)
        .ToDictionary(group => group.Key, group => group.ToArray());

    [Fact]
    public void EachPlaceInTheTableOfBehavioursExists()
    {
        var rows = Page.Split('\n')
            .SkipWhile(line => line != "| behaviour | place |")
            .Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
            .ToArray();
        Assert.True(rows.Length >= 15, $"the table has {rows.Length} rows");
        foreach (var row in rows)
        {
            var places = Name().Matches(row.Split('|')[2]);
            Assert.True(places.Count > 0, row);
            foreach (Match place in places) Assert.True(Exists(place.Groups[1].Value), $"{place.Groups[1].Value} in: {row}");
        }
    }

    [Fact]
    public void EachTypeThatTheTextNamesExists()
    {
        foreach (Match name in Name().Matches(Page)) Assert.True(Exists(name.Groups[1].Value), name.Groups[1].Value);
    }

    [Fact]
    public void LinesOfCodeHaveAtMost140Columns()
    {
        // A literal may be longer: breaking it would hide it from a search. Lines of a raw string are literals, too.
        var sources = Directory.EnumerateFiles(Repository.Root, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Built().IsMatch(Path.GetRelativePath(Repository.Root, file)));
        foreach (var file in sources)
        {
            var raw = false;
            foreach (var line in File.ReadLines(file))
            {
                Assert.True(raw || line.Length <= 140 || line.Contains('"'), $"{file}: {line}");
                raw ^= line.Split("\"\"\"").Length % 2 == 0;
            }
        }
    }

    [GeneratedRegex(@"(^|/)(bin|obj|work|node_modules)/")]
    private static partial Regex Built();

    private static bool Exists(string place)
    {
        var parts = place.Split('.');
        if (!Types.TryGetValue(parts[0], out var types)) return ExistsInAPlugin(parts[0], parts.ElementAtOrDefault(1) ?? "class");
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        return parts.Length == 1 || types.Any(type => type.GetMember(parts[1], All).Length > 0);
    }

    // The tests do not load plugins into their own process.
    private static bool ExistsInAPlugin(string type, string word) => Directory
        .EnumerateFiles(Repository.At("plugins"), $"{type}.cs", SearchOption.AllDirectories)
        .Any(file => File.ReadAllText(file).Contains($" {word}", StringComparison.Ordinal));

    // A type, or a member of one, in backquotes; a state of a subscription stands alone.
    [GeneratedRegex(@"`((?!Receiving)[A-Z][A-Za-z]+(?:\.[A-Z][A-Za-z]+)?)`")]
    private static partial Regex Name();
}

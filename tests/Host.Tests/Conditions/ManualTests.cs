using System.Text;

namespace SharedState.Host.Tests.Conditions;

/// <summary>The examples of docs/CONDITIONS.md are right.</summary>
public sealed class ManualTests
{
    public static TheoryData<string, string, bool> Examples()
    {
        var examples = new TheoryData<string, string, bool>();
        var blocks = File.ReadAllText(Repository.At("docs", "CONDITIONS.md")).Split("```\n");
        for (var block = 1; block < blocks.Length; block += 2)
        {
            foreach (var (condition, item, matches) in ConditionCases.In(blocks[block].Split('\n'))) examples.Add(condition, item, matches);
        }
        return examples;
    }

    [Fact]
    public void EachOperatorHasAnExample()
    {
        var examples = string.Concat(Examples().Select(row => (string)row[0]));
        string[] operators =
        [
            "$ne", "$gt", "$gte", "$lt", "$in", "$exists", "$size", "$all", "$elemMatch", "$regex", "$options", "$not", "$and", "$or",
        ];
        Assert.All(operators, name => Assert.Contains($"\"{name}\"", examples, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void AnExampleIsRight(string condition, string item, bool matches) =>
        Assert.Equal(matches, ConditionTests.Parse(condition).Matches(Encoding.UTF8.GetBytes(item)));
}

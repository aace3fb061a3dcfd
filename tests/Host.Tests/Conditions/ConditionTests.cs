using System.Text;
using SharedState.Host.Conditions;

namespace SharedState.Host.Tests.Conditions;

/// <summary>What conditions match.</summary>
public sealed class ConditionTests
{
    public static TheoryData<string, string, bool> Cases()
    {
        var cases = new TheoryData<string, string, bool>();
        foreach (var (condition, item, matches) in ConditionCases.All()) cases.Add(condition, item, matches);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AConditionMatchesAnItemOrNot(string condition, string item, bool matches) =>
        Assert.Equal(matches, Parse(condition).Matches(Encoding.UTF8.GetBytes(item)));

    internal static Condition Parse(string json)
    {
        Assert.True(Condition.TryParse(Encoding.UTF8.GetBytes(json), "filter", out var condition, out var mistake), $"{json}: {mistake}");
        return condition;
    }
}

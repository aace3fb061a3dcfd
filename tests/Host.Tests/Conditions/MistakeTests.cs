using System.Text;
using SharedState.Host.Conditions;

namespace SharedState.Host.Tests.Conditions;

/// <summary>A condition that is wrong is refused with the place of its first mistake.</summary>
public sealed class MistakeTests
{
    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        var lines = File.ReadAllLines(Repository.At("tests", "Host.Tests", "Conditions", "mistakes.txt"));
        for (var index = 1; index + 1 < lines.Length; index += 2)
        {
            Assert.StartsWith("! ", lines[index + 1], StringComparison.Ordinal);
            cases.Add(lines[index], lines[index + 1][2..]);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AMistakeIsNamedWithItsPlace(string condition, string expected) => Assert.Equal(expected, Refusal(condition));

    [Theory]
    [InlineData(16, null)]
    [InlineData(17, "filter.a.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b: a condition has at most 16 levels of objects")]
    public void AValueHasAtMost16LevelsOfObjects(int levels, string? mistake)
    {
        var value = Enumerable.Range(1, levels - 1).Aggregate("1", (inner, _) => $$"""{"b":{{inner}}}""");
        Assert.Equal(mistake, Refusal($$"""{"a":{{value}}}"""));
    }

    [Theory]
    [InlineData(15, false)]
    [InlineData(16, true)]
    public void ConditionsHaveAtMost16LevelsOfObjects(int levels, bool tooDeep)
    {
        var condition = Enumerable.Range(0, levels).Aggregate("""{"a":1}""", (inner, _) => $$"""{"$or":[{{inner}}]}""");
        var place = $"filter{string.Concat(Enumerable.Repeat(".$or[0]", 16))}";
        Assert.Equal(tooDeep ? $"{place}: a condition has at most 16 levels of objects" : null, Refusal(condition));
    }

    [Theory]
    [InlineData(1000, null)]
    [InlineData(1001, "filter.a.$in[1000]: a condition has at most 1000 values")]
    public void AConditionHasAtMost1000Values(int count, string? mistake) =>
        Assert.Equal(mistake, Refusal($$$"""{"a":{"$in":[{{{string.Join(',', Enumerable.Range(0, count))}}}]}}"""));

    [Fact]
    public void TheValuesInsideOfValuesCount()
    {
        var inner = string.Join(',', Enumerable.Repeat("[{},\"x\"]", 500));
        Assert.Null(Refusal($$"""{"a":[{{inner}}]}"""));
        Assert.Equal("filter.b: a condition has at most 1000 values", Refusal($$"""{"a":[{{inner}}],"b":1}"""));
    }

    [Theory]
    [InlineData(256, null)]
    [InlineData(257, "filter.f256: a condition has at most 256 operators and fields")]
    public void AConditionHasAtMost256OperatorsAndFields(int count, string? mistake) => Assert.Equal(
        mistake, Refusal($$"""{{{string.Join(',', Enumerable.Range(0, count).Select(number => $"\"f{number}\":1"))}}}"""));

    [Fact]
    public void OperatorsInsideOfElementsCount()
    {
        var inner = string.Join(',', Enumerable.Range(0, 254).Select(number => $"\"f{number}\":1"));
        Assert.Null(Refusal("{\"a\":{\"$elemMatch\":{" + inner + "}}}"));
        Assert.Equal(
            "filter.b: a condition has at most 256 operators and fields", Refusal("{\"a\":{\"$elemMatch\":{" + inner + "}},\"b\":1}"));
    }

    [Fact]
    public void APathHasAtMost256Names()
    {
        var path = string.Join('.', Enumerable.Repeat("a", 256));
        Assert.Null(Refusal($$"""{"{{path}}":1}"""));
        Assert.EndsWith(": a path has at most 256 names", Refusal($$"""{"{{path}}.a":1}"""), StringComparison.Ordinal);
    }

    private static string? Refusal(string condition)
    {
        var parsed = Condition.TryParse(Encoding.UTF8.GetBytes(condition), "filter", out _, out var mistake);
        Assert.Equal(parsed, mistake is null);
        return mistake;
    }
}

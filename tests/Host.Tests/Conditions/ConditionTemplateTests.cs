using System.Text;
using System.Text.Json;
using SharedState.Host.Conditions;

namespace SharedState.Host.Tests.Conditions;

/// <summary>Conditions with names in them become conditions for values.</summary>
public sealed class ConditionTemplateTests
{
    private const string Claims =
        """
        {"sub":"u1","role":"admin","level":3,"on":true,"none":null,"boards":["b1","b2"],"address":{"city":"x"},"evil":{"$ne":1},
         "pattern":"a.c|(","set":"]a","in":"{sub}"}
        """;

    [Theory] // template, item, whether it matches
    [InlineData("""{"author":"{sub}"}""", """{"author":"u1"}""", true)]
    [InlineData("""{"author":"{sub}"}""", """{"author":"u2"}""", false)]
    [InlineData("""{"author":"{sub}"}""", """{"author":"{sub}"}""", false)]
    [InlineData("""{"author":"user-{sub}-{role}"}""", """{"author":"user-u1-admin"}""", true)]
    [InlineData("""{"level":"{level}"}""", """{"level":3}""", true)]
    [InlineData("""{"level":"{level}"}""", """{"level":"3"}""", false)]
    [InlineData("""{"level":"l{level}"}""", """{"level":"l3"}""", true)]
    [InlineData("""{"level":{"$lte":"{level}"}}""", """{"level":2}""", true)]
    [InlineData("""{"level":{"$lte":"{level}"}}""", """{"level":4}""", false)]
    [InlineData("""{"on":"{on}"}""", """{"on":true}""", true)]
    [InlineData("""{"board":{"$in":"{boards}"}}""", """{"board":"b2"}""", true)]
    [InlineData("""{"board":{"$in":"{boards}"}}""", """{"board":"b3"}""", false)]
    [InlineData("""{"board":{"$in":["{sub}","x"]}}""", """{"board":"u1"}""", true)]
    [InlineData("""{"boards":"{boards}"}""", """{"boards":["b1","b2"]}""", true)]
    [InlineData("""{"a":{"$exists":"{on}"}}""", """{"a":1}""", true)]
    [InlineData("""{"a":{"$size":"{level}"}}""", """{"a":[1,2,3]}""", true)]
    [InlineData("""{"a":{"$all":"{boards}"}}""", """{"a":["b2","b1"]}""", true)]
    [InlineData("""{"a":{"x":["{sub}"]}}""", """{"a":{"x":["u1"]}}""", true)]
    [InlineData("""{"a":{"$elemMatch":{"by":"{sub}"}}}""", """{"a":[{"by":"u1"}]}""", true)]
    [InlineData("""{"$or":[{"a":"{sub}"},{"b":1}]}""", """{"b":1}""", true)]
    // A value is never an operator.
    [InlineData("""{"a":"{evil}"}""", """{"a":2}""", false)]
    [InlineData("""{"a":"{evil}"}""", """{"a":{"$ne":1}}""", true)]
    [InlineData("""{"a":{"$in":["{evil}"]}}""", """{"a":{"$ne":1}}""", true)]
    [InlineData("""{"a":"{in}"}""", """{"a":"{sub}"}""", true)]
    [InlineData("""{"a":"{in}"}""", """{"a":"u1"}""", false)]
    // A value is literal in a regular expression.
    [InlineData("""{"a":{"$regex":"^{pattern}$"}}""", """{"a":"a.c|("}""", true)]
    [InlineData("""{"a":{"$regex":"^{pattern}$"}}""", """{"a":"abc"}""", false)]
    [InlineData("""{"a":{"$regex":"{pattern}"}}""", """{"a":"x a.c|( y"}""", true)]
    [InlineData("""{"a":{"$regex":"^[{set}]{2}$"}}""", """{"a":"a]"}""", true)]
    [InlineData("""{"a":{"$regex":"^[{set}]{2}$"}}""", """{"a":"]a]"}""", false)]
    [InlineData("""{"a":{"$regex":"^u{1}{level}$"}}""", """{"a":"u3"}""", true)]
    // Braces that are no name stay.
    [InlineData("""{"a":"{}"}""", """{"a":"{}"}""", true)]
    [InlineData("""{"a":"{1}"}""", """{"a":"{1}"}""", true)]
    [InlineData("""{"a":"{a b}"}""", """{"a":"{a b}"}""", true)]
    [InlineData("""{"{sub}":1}""", """{"{sub}":1}""", true)]
    // A condition with a name without a value does not hold, whatever stands around the name.
    [InlineData("""{"a":"{missing}"}""", """{}""", false)]
    [InlineData("""{"a":{"$ne":"{missing}"}}""", """{"a":1}""", false)]
    [InlineData("""{"$nor":[{"a":"{missing}"}]}""", """{"a":1}""", false)]
    [InlineData("""{"$or":[{"a":"{missing}"},{"b":1}]}""", """{"b":1}""", false)]
    [InlineData("""{"a":"{none}"}""", """{}""", false)]
    [InlineData("""{"a":"x{none}"}""", """{"a":"x"}""", false)]
    [InlineData("""{"a":{"$regex":"{missing}"}}""", """{"a":"x"}""", false)]
    [InlineData("""{"a":{"$nin":"{missing}"}}""", """{"a":"x"}""", false)]
    // Neither does one with a value that is not possible at its place.
    [InlineData("""{"a":{"$nin":"{sub}"}}""", """{"a":"x"}""", false)]
    [InlineData("""{"a":{"$not":{"$gt":"{boards}"}}}""", """{"a":1}""", false)]
    [InlineData("""{"a":"x{boards}"}""", """{"a":"xb1"}""", false)]
    [InlineData("""{"a":"{address.city}"}""", """{"a":"x"}""", true)]
    public void ATemplateBecomesACondition(string template, string item, bool matches)
    {
        var parsed = ConditionTemplate.Parse(Encoding.UTF8.GetBytes(template), "read", out var mistake);
        Assert.True(parsed is not null, mistake);
        Assert.Equal(matches, parsed.For(Find).Matches(Encoding.UTF8.GetBytes(item)));
    }

    [Fact]
    public void ATemplateKnowsItsNames()
    {
        const string Template = """{"a":"{sub}","b":{"$in":"{boards}"},"c":{"$regex":"{sub}{x.y}"},"d":{"x":"{now}"}}""";
        var template = ConditionTemplate.Parse(Encoding.UTF8.GetBytes(Template), "read", out _)!;
        Assert.Equal(["boards", "now", "sub", "x.y"], template.Names.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"a":{"$gtt":"{sub}"}}""", "read.a.$gtt: this server has no such operator")]
    [InlineData("""{"a":{"$in":"sub"}}""", "read.a.$in: a list of values is needed")]
    [InlineData("""{"a":{"$regex":"({sub}"}}""", "read.a.$regex: a \"(\" without a \")\", at character 3")]
    [InlineData("""{"a":{"$options":"{sub}"}}""", "read.a.$options: this belongs to a \"$regex\"")]
    public void AMistakeOfATemplateIsNamed(string template, string expected)
    {
        Assert.Null(ConditionTemplate.Parse(Encoding.UTF8.GetBytes(template), "read", out var mistake));
        Assert.Equal(expected, mistake);
    }

    private static JsonElement? Find(string name)
    {
        var value = JsonElement.Parse(Claims);
        foreach (var part in name.Split('.'))
        {
            if (!value.TryGetProperty(part, out value)) return null;
        }
        return value;
    }
}

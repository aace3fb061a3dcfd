using System.Text;
using SharedState.Host.Conditions;

namespace SharedState.Host.Tests.Conditions;

/// <summary>Projections keep some fields of an item.</summary>
public sealed class ProjectionTests
{
    [Theory] // fields, item, what is kept
    [InlineData("[]", """{"a":1,"id":"x"}""", """{"id":"x"}""")]
    [InlineData("""["b"]""", """{"id":"x","a":1,"b":{"c":[1, 2]}}""", """{"id":"x","b":{"c":[1, 2]}}""")]
    [InlineData("""["b","a"]""", """{"a" : 1.0,"c":3, "b":"\u0041","id":"x"}""", """{"a" : 1.0,"b":"\u0041","id":"x"}""")]
    [InlineData("""["a.b"]""", """{"id":"x","a":{"b":1,"c":2},"b":3}""", """{"id":"x","a":{"b":1}}""")]
    [InlineData("""["a.b","a.c"]""", """{"id":"x","a":{"c":2,"b":1,"d":3}}""", """{"id":"x","a":{"c":2,"b":1}}""")]
    [InlineData("""["a","a.b"]""", """{"id":"x","a":{"b":1,"c":2}}""", """{"id":"x","a":{"b":1,"c":2}}""")]
    [InlineData("""["a.b"]""", """{"id":"x","a":5}""", """{"id":"x"}""")]
    [InlineData("""["a.b"]""", """{"id":"x","a":{"c":1}}""", """{"id":"x","a":{}}""")]
    [InlineData("""["a.b"]""", """{"id":"x","a":[{"b":1,"c":2},5,{"c":3},[{"b":1}]]}""", """{"id":"x","a":[{"b":1},{}]}""")]
    [InlineData("""["a.1"]""", """{"id":"x","a":[5,6,7]}""", """{"id":"x","a":[6]}""")]
    [InlineData("""["a.1.b"]""", """{"id":"x","a":[{"b":1},{"b":2,"c":3}]}""", """{"id":"x","a":[{},{"b":2}]}""")]
    [InlineData("""["a.0.0"]""", """{"id":"x","a":[[1,2],3]}""", """{"id":"x","a":[[1]]}""")]
    [InlineData("""["\u0061"]""", """{"id":"x","\u0061":1}""", """{"id":"x","\u0061":1}""")]
    [InlineData("""["a"]""", """{"id":"x","a":1,"b":2,"a":3}""", """{"id":"x","a":3}""")]
    [InlineData("""["a","b"]""", """{"a":1,"b":2,"id":"x","a":3,"b":4}""", """{"id":"x","a":3,"b":4}""")]
    [InlineData("""["a.b"]""", """{"id":"x","a":{"b":1},"a":2}""", """{"id":"x"}""")]
    [InlineData("""["a.b"]""", """{"a":{"b":1},"id":"x","a":{"b":2,"c":3}}""", """{"id":"x","a":{"b":2}}""")]
    [InlineData("""["a.b"]""", """{"id":"x","a":{"b":1,"c":{"d":1},"b":3}}""", """{"id":"x","a":{"b":3}}""")]
    public void AnItemHasTheFieldsOnly(string fields, string item, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(Parse(fields).Apply(Encoding.UTF8.GetBytes(item))));

    [Theory]
    [InlineData("""["b","a","b","id"]""", """["a","b","id"]""")]
    [InlineData("""["a.b","a","a.b.c"]""", """["a","id"]""")]
    [InlineData("[]", """["id"]""")]
    [InlineData("""["\u0061\""]""", """["a\"","id"]""")]
    public void EqualProjectionsHaveTheSameText(string fields, string text) => Assert.Equal(text, Parse(fields).Text);

    [Theory]
    [InlineData("5", "fields: a list of paths is needed")]
    [InlineData("[", "fields: this is not JSON")]
    [InlineData("[1]", "fields[0]: a path is a string, without lone surrogates")]
    [InlineData("""["a","b..c"]""", "fields[1]: a path consists of names with a dot between two of them")]
    public void AMistakeIsNamedWithItsPlace(string fields, string expected)
    {
        Assert.False(Projection.TryParse(Encoding.UTF8.GetBytes(fields), "fields", out _, out var mistake));
        Assert.Equal(expected, mistake);
    }

    private static Projection Parse(string json)
    {
        Assert.True(Projection.TryParse(Encoding.UTF8.GetBytes(json), "fields", out var projection, out var mistake), mistake);
        return projection;
    }
}

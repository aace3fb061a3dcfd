using System.Text;
using System.Text.Json;
using SharedState.Host.Access;

namespace SharedState.Host.Tests.Access;

/// <summary>The values of the names in rules.</summary>
public sealed class RuleValuesTests
{
    private const string Claims =
        """{"sub":"other","role":"admin","board":"claim","org":{"team":"inner"},"org.team":"whole","deep":{"a":1},"list":["a","b"]}""";

    [Theory]
    [InlineData("sub", "\"ann\"")]        // the user: of an API key the name, whatever its claims say
    [InlineData("role", "\"admin\"")]
    [InlineData("board", "\"b1\"")]       // the path comes before a claim
    [InlineData("org.team", "\"whole\"")] // a claim of the whole name comes before one inside another
    [InlineData("deep.a", "1")]
    [InlineData("deep.b", null)]
    [InlineData("deep.a.x", null)]
    [InlineData("list", """["a","b"]""")]
    [InlineData("list.0", null)]
    [InlineData("now", null)]
    [InlineData("none", null)]
    public void AValueIsOfTheUserOrOfThePathOrAClaim(string name, string? value)
    {
        var identity = new Identity("ann", Encoding.UTF8.GetBytes(Claims), null);
        var path = new Dictionary<string, JsonElement> { ["board"] = JsonElement.Parse("\"b1\"") };
        Assert.Equal(value, new RuleValues(identity, path).Find(name)?.GetRawText());
    }
}

using SharedState.Host.Tests;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>What docs/OPERATING.md tells an operator to write and to run.</summary>
internal static class Manual
{
    /// <summary>The text of a block, by the word after its fence.</summary>
    public static string Block(string name)
    {
        var text = File.ReadAllText(Repository.At("docs", "OPERATING.md"));
        var begin = text.IndexOf($"\n```{name}\n", StringComparison.Ordinal) + name.Length + 5;
        Assert.True(begin > name.Length + 5, $"OPERATING.md has no block {name}");
        return text[begin..text.IndexOf("```", begin, StringComparison.Ordinal)];
    }
}

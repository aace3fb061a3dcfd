using System.Text.RegularExpressions;
using SharedState.Host.Tests;

namespace SharedState.EndToEnd.Tests;

/// <summary>The commands of docs/PLUGINS.md: the blocks marked <c>sh</c>, in their order. No test has a copy of them.</summary>
internal static partial class PluginPage
{
    public static IReadOnlyList<string> Blocks { get; } =
        [.. BlockPattern().Matches(File.ReadAllText(Repository.At("docs", "PLUGINS.md"))).Select(block => block.Groups[1].Value)];

    /// <summary>The command of a block that does not end by itself: the host with a configuration and no option. Null if there is
    /// none.</summary>
    public static string? Server(string block) => ServerPattern().Match(block) is { Success: true } found ? found.Value : null;

    [GeneratedRegex("""^```sh\n(.*?)^```$""", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex BlockPattern();

    [GeneratedRegex("""^sharedstate \S+\.json$""", RegexOptions.Multiline)]
    private static partial Regex ServerPattern();
}

using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SharedState.Host.Tests.Protocol;

/// <summary>The examples of one section of docs/PROTOCOL.md: the messages of one conversation, in their order.</summary>
/// <param name="Section">The heading of the section.</param>
/// <param name="Messages">The messages; <c>FromClient</c> for those behind <c>&gt;</c>.</param>
internal sealed partial record PageExample(string Section, IReadOnlyList<(bool FromClient, JsonNode Message)> Messages)
{
    /// <summary>The mark for more fields, items or text.</summary>
    public const string More = "…";

    /// <summary>The blocks of the page, each with the heading above it.</summary>
    public static IReadOnlyList<(string Section, string Text)> Blocks { get; } =
        [.. BlocksOf(File.ReadAllText(Repository.At("docs", "PROTOCOL.md")))];

    /// <summary>The conversations of the page.</summary>
    public static IReadOnlyList<PageExample> All { get; } =
    [
        .. Blocks
            .Where(block => IsConversation(block.Text))
            .GroupBy(block => block.Section)
            .Select(section => new PageExample(section.Key, [.. section.SelectMany(block => MessagesOf(block.Text))])),
    ];

    public static bool IsConversation(string block) => block[0] is '<' or '>';

    private static IEnumerable<(string Section, string Text)> BlocksOf(string page)
    {
        var section = "";
        foreach (var part in BlockPattern().Matches(page).Select(match => match.Groups))
        {
            if (part["heading"].Success) section = part["heading"].Value;
            else yield return (section, part["block"].Value);
        }
    }

    private static IEnumerable<(bool FromClient, JsonNode Message)> MessagesOf(string block) =>
        MessagePattern().Matches(block).Select(match => (match.Groups[1].Value == ">", JsonNode.Parse(WithMarks(match.Groups[2].Value))!));

    /// <summary>Makes the marks that are no part of a string fields and items of that name.</summary>
    private static string WithMarks(string text)
    {
        var json = new StringBuilder();
        var open = new Stack<char>();
        var inString = false;
        foreach (var character in text)
        {
            if (character == '"') inString = !inString; // No example has an escaped one.
            else if (!inString && character is '{' or '[') open.Push(character);
            else if (!inString && character is '}' or ']') open.Pop();
            if (character != More[0] || inString) json.Append(character);
            else json.Append(open.Peek() == '{' ? $"\"{More}\":true" : $"\"{More}\"");
        }
        return json.ToString();
    }

    [GeneratedRegex("^#{2,3} (?<heading>.+)$|^```\n(?<block>[^`]*)^```$", RegexOptions.Multiline)]
    private static partial Regex BlockPattern();

    [GeneratedRegex(@"^([<>]) (.*(?:\n(?![<>] ).*)*)", RegexOptions.Multiline)]
    private static partial Regex MessagePattern();
}

using System.Text.Json;
using SharedState.Host.Conditions;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Access;

/// <summary>Reads <c>access.rules</c>.</summary>
internal sealed class RuleReader(JsonFile file)
{
    private const string Anyone = "anyone", User = "user";

    /// <summary>Reads an element; null after a mistake.</summary>
    public Rule? Read(JsonNode node, int number)
    {
        var before = file.Mistakes.Count();
        var fields = new JsonFields(file, node);
        var path = ReadPath(file, fields);
        var who = ReadWho(fields);
        var (read, write) = (Test(fields, "read", timed: false), Test(fields, "write"));
        var (insert, update, remove) = (Test(fields, "insert"), Test(fields, "update"), Test(fields, "remove"));
        if (write is not null && (insert ?? update ?? remove) is not null)
            file.Add(fields.Take("write")!, "stands for \"insert\", \"update\" and \"remove\"; give either it or these");
        var rule = new Rule(number, path!, who!)
        {
            Read = read,
            Insert = insert ?? write,
            Update = update ?? write,
            Remove = remove ?? write,
            Reset = fields.Boolean("reset") == true,
            List = fields.Boolean("list") == true,
            Set = Set(fields),
        };
        var isRead = file.Mistakes.Count() == before; // else the writes may be absent because of a mistake
        if (isRead && rule.Set is not null && rule.Insert is null && rule.Update is null && !rule.Reset)
            file.Add(fields.Take("set")!, "sets fields of written items, and the rule lets nobody write any");
        fields.End();
        return file.Mistakes.Count() == before ? rule : null;
    }

    /// <summary>Reads the field <c>path</c>; null after a mistake.</summary>
    public static PathPattern? ReadPath(JsonFile file, JsonFields fields)
    {
        if (fields.RequiredText("path") is not { } text) return null;
        var path = PathPattern.Parse(text, out var mistake);
        if (mistake is not null) file.Add(fields.Take("path")!, mistake);
        return path;
    }

    private Who? ReadWho(JsonFields fields)
    {
        switch (fields.Take("who"))
        {
            case { Kind: JsonValueKind.String, Text: Anyone }:
                return Who.Anyone;
            case { Kind: JsonValueKind.String, Text: User }:
                return Who.User;
            case { Kind: JsonValueKind.Object } node:
                return Template(node, timed: false) is { } claims ? new(Anonymous: false, claims) : null;
            case { } other:
                file.Add(other, $"must be \"{Anyone}\", \"{User}\" or a condition on the claims, like {{\"role\": \"admin\"}}");
                return null;
            default:
                if (fields.Node is { Kind: JsonValueKind.Object } rule) file.Add(rule, "\"who\" is missing");
                return null;
        }
    }

    private ItemTest? Test(JsonFields fields, string name, bool timed = true)
    {
        switch (fields.Take(name))
        {
            case null or { Kind: JsonValueKind.False or JsonValueKind.Null }:
                return null;
            case { Kind: JsonValueKind.True }:
                return new(null);
            case { Kind: JsonValueKind.Object } node:
                return Template(node, timed) is { } template ? new(template) : null;
            case var node:
                file.Add(node, $"must be true or a condition on the item, like {{\"author\": \"{{sub}}\"}}, not {node.Description}");
                return null;
        }
    }

    private ConditionTemplate? Template(JsonNode node, bool timed)
    {
        var template = ConditionTemplate.Parse(JsonNodeText.Of(node), node.Path, out var mistake);
        if (mistake is not null)
        {
            var end = mistake.IndexOf(": ", StringComparison.Ordinal);
            file.Add(node.Place, mistake[..end], mistake[(end + 2)..]);
        }
        else if (!timed && template!.Names.Contains(RuleValues.Now))
        {
            file.Add(node, "must not depend on {now}: an item would become hidden, or a rule lapse, without any change");
            return null;
        }
        return template;
    }

    private FieldValues? Set(JsonFields fields)
    {
        if (fields.Take("set") is not { Kind: not JsonValueKind.Null } node) return null;
        if (node.Kind != JsonValueKind.Object)
        {
            file.Add(node, $"must be an object with fields of the item, like {{\"author\": \"{{sub}}\"}}, not {node.Description}");
            return null;
        }
        foreach (var field in node.Fields)
        {
            if (field.Name == "id") file.Add(field.Value, "the id of an item cannot be set");
            else if (field.Name.Contains('.')) file.Add(field.Value, "must be a field of the item itself, without dots");
        }
        return new(JsonNodeText.Of(node));
    }
}

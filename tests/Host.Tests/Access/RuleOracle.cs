using System.Globalization;
using System.Text.Json.Nodes;

namespace SharedState.Host.Tests.Access;

/// <summary>An update of a case.</summary>
/// <param name="Reset">Whether all items are replaced.</param>
/// <param name="Remove">The ids to remove.</param>
/// <param name="Insert">The items to insert.</param>
/// <param name="Patch">The patches.</param>
/// <param name="Absent">The ids that must not exist.</param>
/// <param name="Present">The ids that must exist.</param>
internal sealed record CaseUpdate(
    bool Reset, string[] Remove, JsonObject[] Insert, JsonObject[] Patch, string[] Absent, string[] Present)
{
    public string ToJson() => new JsonObject
    {
        ["reset"] = Reset,
        ["remove"] = new JsonArray([.. Remove.Select(id => (JsonNode)id)]),
        ["insert"] = new JsonArray([.. Insert.Select(item => item.DeepClone())]),
        ["patch"] = new JsonArray([.. Patch.Select(item => item.DeepClone())]),
        ["if"] = new JsonObject
        {
            ["absent"] = new JsonArray([.. Absent.Select(id => (JsonNode)id)]),
            ["present"] = new JsonArray([.. Present.Select(id => (JsonNode)id)]),
        },
    }.ToJsonString();
}

/// <summary>
/// A slow evaluator of access rules, written from docs/ACCESS.md without the host's code. It works on JSON objects, and knows the few
/// operators that the cases use.
/// </summary>
/// <param name="rules">The rules, as in the configuration.</param>
/// <param name="user">The user; null for an anonymous client.</param>
/// <param name="claims">The claims of the user.</param>
/// <param name="path">The segments of the path.</param>
internal sealed class RuleOracle(IEnumerable<JsonObject> rules, string? user, JsonObject claims, string[] path)
{
    private const double Now = 1_790_000_000;

    private readonly List<(JsonObject Rule, Dictionary<string, string> Names)> _rules =
    [
        .. rules.Select(rule => (Rule: rule, Names: Match((string)rule["path"]!, path)))
            .Where(one => one.Names is not null && IsFor(one.Rule["who"]!, user, claims, one.Names))
            .Select(one => (one.Rule, one.Names!)),
    ];

    /// <summary>Whether the client may read at all.</summary>
    public bool Reads => _rules.Any(one => one.Rule["read"] is not null);

    public bool Lists => _rules.Any(one => (bool?)one.Rule["list"] == true);

    public bool Writes => _rules.Any(one => Right(one.Rule, "insert") is not null || Right(one.Rule, "update") is not null
        || Right(one.Rule, "remove") is not null || (bool?)one.Rule["reset"] == true);

    public bool Sees(JsonObject item) => _rules.Any(one => one.Rule["read"] is { } read && Allows(read, item, one.Names));

    /// <summary>Applies an update to the items; returns the code of the error, or null.</summary>
    public string? Apply(Dictionary<string, JsonObject> items, CaseUpdate update)
    {
        if (!Writes) return user is null ? "unauthorized" : "forbidden";
        if (Result(items, update) is not { } result) return "forbidden";
        bool Exists(string id) => items.TryGetValue(id, out var item) && Sees(item);
        if (update.Absent.Any(Exists) || !update.Present.All(Exists)) return "conflict";
        items.Clear();
        foreach (var (id, item) in result) items.Add(id, item);
        return null;
    }

    private Dictionary<string, JsonObject>? Result(Dictionary<string, JsonObject> items, CaseUpdate update)
    {
        var result = update.Reset ? [] : items.ToDictionary();
        if (update.Reset && _rules.All(one => (bool?)one.Rule["reset"] != true || Set(one.Rule, [], one.Names) is null))
        {
            var clears = _rules.Any(
                one => Right(one.Rule, "remove") is { } remove && items.Values.All(item => Allows(remove, item, one.Names)));
            if (!clears || !_rules.Any(one => HasInsert(one.Rule, one.Names))) return null;
        }
        foreach (var id in update.Reset ? [] : update.Remove)
        {
            if (!items.TryGetValue(id, out var item)) continue;
            if (_rules.Any(one => Right(one.Rule, "remove") is { } right && Allows(right, item, one.Names))) result.Remove(id);
            else if (Sees(item)) return null;
        }
        foreach (var item in update.Insert)
        {
            var id = (string)item["id"]!;
            if (Written(update.Reset ? null : items.GetValueOrDefault(id), item, update.Reset) is not { } written) return null;
            result[id] = written;
        }
        foreach (var patch in update.Patch)
        {
            var id = (string)patch["id"]!;
            var before = update.Reset ? null : items.GetValueOrDefault(id);
            var item = before?.DeepClone().AsObject() ?? [];
            foreach (var (name, value) in patch) item[name] = value?.DeepClone();
            if (Written(before, item, update.Reset) is not { } written) return null;
            result[id] = written;
        }
        return result;
    }

    private JsonObject? Written(JsonObject? before, JsonObject after, bool reset)
    {
        if (before is not null && Reads && !Sees(before)) return null; // taken by a hidden item
        if (reset)
        {
            foreach (var one in _rules.Where(one => (bool?)one.Rule["reset"] == true))
            {
                if (Set(one.Rule, after, one.Names) is { } item) return item;
            }
        }
        foreach (var one in _rules)
        {
            if (Right(one.Rule, before is null ? "insert" : "update") is not { } right) continue;
            if (Set(one.Rule, after, one.Names) is not { } item) continue;
            if (Allows(right, item, one.Names) && (before is null || Allows(right, before, one.Names))) return item;
        }
        return null;
    }

    private bool HasInsert(JsonObject rule, Dictionary<string, string> names) =>
        Right(rule, "insert") is not null && Set(rule, [], names) is not null;

    private static JsonNode? Right(JsonObject rule, string name) => rule[name] ?? rule["write"];

    private JsonObject? Set(JsonObject rule, JsonObject item, Dictionary<string, string> names)
    {
        var result = item.DeepClone().AsObject();
        foreach (var (name, value) in rule["set"]?.AsObject() ?? [])
        {
            if (!TryValue(value!, names, out var set)) return null;
            result[name] = set;
        }
        return result;
    }

    private bool Allows(JsonNode right, JsonObject item, Dictionary<string, string> names) =>
        right is not JsonObject condition || Holds(condition, item, user, claims, names) == true;

    private static bool IsFor(JsonNode who, string? user, JsonObject claims, Dictionary<string, string> names) =>
        who is JsonObject condition ? user is not null && Holds(condition, claims, user, claims, names) == true
        : (string)who! == "anyone" || user is not null;

    /// <summary>Whether a condition holds; null if a value is missing in it.</summary>
    private static bool? Holds(
        JsonObject condition, JsonObject document, string? user, JsonObject claims, Dictionary<string, string> names)
    {
        bool? holds = true;
        foreach (var (name, value) in condition)
        {
            bool? part;
            if (name == "$or")
            {
                var parts = value!.AsArray().Select(one => Holds(one!.AsObject(), document, user, claims, names)).ToArray();
                part = parts.Contains(null) ? null : parts.Contains(true);
            }
            else
            {
                part = Test(Reach(document, name), value!, user, claims, names);
            }
            holds = holds is null || part is null ? null : holds.Value && part.Value;
        }
        return holds;
    }

    private static bool? Test(JsonNode? value, JsonNode wanted, string? user, JsonObject claims, Dictionary<string, string> names)
    {
        var (operation, argument) = wanted is JsonObject { Count: 1 } one ? (one.First().Key, one.First().Value!) : ("$eq", wanted);
        if (argument is JsonArray list)
        {
            var all = list.Select(element => (Known: TryValue(element!, user, claims, names, out var known), Value: known)).ToArray();
            return all.All(element => element.Known) ? all.Any(element => Equal(value, element.Value)) : null;
        }
        if (!TryValue(argument, user, claims, names, out var given)) return null;
        return operation switch
        {
            "$eq" => Equal(value, given),
            "$ne" => !Equal(value, given),
            "$in" => given is JsonArray elements ? elements.Any(element => Equal(value, element)) : null,
            "$gt" => IsNumber(value) && IsNumber(given) && Number(value!) > Number(given!),
            _ => throw new InvalidOperationException(operation),
        };
    }

    private static double Number(JsonNode value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    private static bool IsNumber(JsonNode? value) => value?.GetValueKind() == System.Text.Json.JsonValueKind.Number;

    private static bool Equal(JsonNode? value, JsonNode? other) =>
        JsonNode.DeepEquals(value, other) || (value is JsonArray elements && elements.Any(element => JsonNode.DeepEquals(element, other)));

    private bool TryValue(JsonNode text, Dictionary<string, string> names, out JsonNode? value) =>
        TryValue(text, user, claims, names, out value);

    private static bool TryValue(
        JsonNode given, string? user, JsonObject claims, Dictionary<string, string> names, out JsonNode? value)
    {
        value = given.DeepClone();
        if (given.GetValueKind() != System.Text.Json.JsonValueKind.String) return true;
        var text = (string)given!;
        var (start, end) = (text.IndexOf('{'), text.IndexOf('}'));
        if (start < 0) return true;
        var name = text[(start + 1)..end];
        var found = name == "sub" ? user
            : name == "now" ? Now
            : names.TryGetValue(name, out var segment) ? segment
            : Reach(claims, name)?.DeepClone();
        if (found is null) return false;
        value = text.Length == name.Length + 2 ? found : $"{text[..start]}{found}{text[(end + 1)..]}";
        return text.Length == name.Length + 2 || found is JsonValue;
    }

    private static JsonNode? Reach(JsonObject document, string name)
    {
        JsonNode? node = document;
        foreach (var part in name.Split('.')) node = node is JsonObject inner ? inner[part] : null;
        return node;
    }

    private static Dictionary<string, string>? Match(string pattern, string[] path)
    {
        var wanted = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var names = new Dictionary<string, string>();
        for (var index = 0; index < wanted.Length; index++)
        {
            if (wanted[index] == "**") return names;
            if (index == path.Length) return null;
            if (wanted[index][0] == '{') names[wanted[index][1..^1]] = path[index];
            else if (wanted[index] != "*" && wanted[index] != path[index]) return null;
        }
        return wanted.Length == path.Length ? names : null;
    }
}

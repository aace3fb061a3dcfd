using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>
/// A random view of the model's collections, and what it contains by a slow evaluation of its own: <see cref="Of"/> looks at every item.
/// The items have a number <c>v</c>, a string <c>g</c> (or none), and a list <c>t</c> of numbers.
/// </summary>
internal sealed class ModelView
{
    private static readonly string[] Groups = ["x", "y", "z"];

    private readonly (string Json, Func<JsonElement, bool> Holds)? _filter;
    private readonly (string Field, int Direction)[] _order;
    private readonly int? _limit;
    private readonly (string?[] Keys, string Id)? _after;
    private readonly string[]? _fields;

    private ModelView(
        (string, Func<JsonElement, bool>)? filter, (string, int)[] order, int? limit, (string?[], string)? after, string[]? fields) =>
        (_filter, _order, _limit, _after, _fields) = (filter, order, limit, after, fields);

    /// <summary>The options that define the view, without braces.</summary>
    public string Options => string.Join(',', Parts());

    /// <summary>Whether the server tells the number of items that match.</summary>
    public bool HasTotal => _limit is not null;

    public static ModelView Random(Random random)
    {
        var order = Enumerable.Range(0, random.Next(3)).Select(_ => (random.Next(2) == 0 ? "v" : "g", random.Next(2) == 0 ? 1 : -1))
            .DistinctBy(key => key.Item1).ToArray();
        int? limit = random.Next(2) == 0 ? random.Next(1, 5) : null;
        (string?[], string)? after = random.Next(4) == 0
            ? ([.. order.Select(key => Key(key.Item1, random))], $"k{random.Next(8)}")
            : null;
        string[]? fields = random.Next(3) == 0 ? [random.Next(2) == 0 ? "g" : "v"] : null;
        return new(random.Next(5) == 0 ? null : Condition(random, 0), order, limit, after, fields);
    }

    /// <summary>The items of the view, and the number of items that match its filter.</summary>
    public (IReadOnlyDictionary<string, string> Items, int Total) Of(IReadOnlyDictionary<string, string> collection)
    {
        var matching = new List<(string Id, JsonElement Item, string Json)>();
        foreach (var (id, json) in collection)
        {
            var item = JsonDocument.Parse(json).RootElement.Clone();
            if (_filter?.Holds(item) != false) matching.Add((id, item, json));
        }
        matching.Sort((left, right) => Compare(left.Id, KeyOf(left.Item), right.Id, KeyOf(right.Item)));
        var window = matching.AsEnumerable();
        if (_after is { } after) window = window.Where(item => Compare(item.Id, KeyOf(item.Item), after.Id, after.Keys) > 0);
        if (_limit is { } limit) window = window.Take(limit);
        return (window.ToDictionary(item => item.Id, item => Content(item.Json), StringComparer.Ordinal), matching.Count);
    }

    private static (string Json, Func<JsonElement, bool> Holds) Condition(Random random, int depth)
    {
        var (number, group) = (random.Next(200), Groups[random.Next(3)]);
        switch (random.Next(depth > 1 ? 7 : 10))
        {
            case 0: return ($$$"""{"g":"{{{group}}}"}""", item => Group(item) == group);
            case 1: return ($$$"""{"g":{"$ne":"{{{group}}}"}}""", item => Group(item) != group);
            case 2: return ("""{"g":null}""", item => Group(item) is null);
            case 3: return ($$$"""{"v":{"$gt":{{{number}}}}}""", item => Number(item) > number);
            case 4: return ($$$"""{"v":{"$lte":{{{number}}},"$gte":{{{number - 50}}}}}""", item => Number(item) <= number && Number(item) >= number - 50);
            case 5: return ($$$"""{"t":{{{number % 4}}}}""", item => Tags(item).Contains(number % 4));
            case 6: return ($$$"""{"g":{"$in":["{{{group}}}","q"]}}""", item => Group(item) == group);
            case 7:
                var negated = Condition(random, depth + 1);
                return ($$$"""{"$nor":[{{{negated.Json}}}]}""", item => !negated.Holds(item));
            case 8:
                var (one, other) = (Condition(random, depth + 1), Condition(random, depth + 1));
                return ($$$"""{"$or":[{{{one.Json}}},{{{other.Json}}}]}""", item => one.Holds(item) || other.Holds(item));
            default:
                var (first, second) = (Condition(random, depth + 1), Condition(random, depth + 1));
                return ($$$"""{"$and":[{{{first.Json}}},{{{second.Json}}}]}""", item => first.Holds(item) && second.Holds(item));
        }
    }

    private static string? Key(string field, Random random) => field == "g"
        ? random.Next(4) == 0 ? null : $"\"{Groups[random.Next(3)]}\""
        : random.Next(200).ToString(CultureInfo.InvariantCulture);

    private static string? Group(JsonElement item) => item.TryGetProperty("g", out var group) ? group.GetString() : null;

    private static int? Number(JsonElement item) => item.TryGetProperty("v", out var number) ? number.GetInt32() : null;

    private static IEnumerable<int> Tags(JsonElement item) =>
        item.TryGetProperty("t", out var tags) ? tags.EnumerateArray().Select(tag => tag.GetInt32()) : [];

    private string?[] KeyOf(JsonElement item) =>
        [.. _order.Select(key => item.TryGetProperty(key.Field, out var value) ? value.GetRawText() : null)];

    private int Compare(string leftId, string?[] left, string rightId, string?[] right)
    {
        for (var index = 0; index < _order.Length; index++)
        {
            var compared = (left[index], right[index]) switch
            {
                (null, null) => 0,
                (null, _) => -1,
                (_, null) => 1,
                var (one, other) when one[0] != '"' => int.Parse(one).CompareTo(int.Parse(other)),
                var (one, other) => string.CompareOrdinal(one, other),
            };
            if (compared != 0) return compared * _order[index].Direction;
        }
        return string.CompareOrdinal(leftId, rightId);
    }

    private string Content(string json)
    {
        if (_fields is null) return json;
        var item = JsonNode.Parse(json)!.AsObject();
        foreach (var name in item.Select(field => field.Key).Where(name => name != "id" && !_fields.Contains(name)).ToArray())
            item.Remove(name);
        return item.ToJsonString();
    }

    private IEnumerable<string> Parts()
    {
        if (_filter is { } filter) yield return $"\"filter\":{filter.Json}";
        if (_order.Length > 0) yield return $"\"order\":[{string.Join(',', _order.Select(key => $"[\"{key.Field}\",{key.Direction}]"))}]";
        if (_limit is { } limit) yield return $"\"limit\":{limit}";
        if (_after is { } after)
            yield return $"\"after\":[{string.Join(',', after.Keys.Select(key => key ?? "null").Append($"\"{after.Id}\""))}]";
        if (_fields is { } fields) yield return $"\"fields\":[{string.Join(',', fields.Select(field => $"\"{field}\""))}]";
    }
}

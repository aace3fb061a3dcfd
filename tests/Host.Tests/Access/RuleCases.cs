using System.Text.Json.Nodes;

namespace SharedState.Host.Tests.Access;

/// <summary>Seeded random rules, items and updates.</summary>
internal sealed class RuleCases(Random random)
{
    private static readonly string[] Paths =
        ["/a/items/b1", "/a/items/*", "/a/items/{board}", "/**", "/a/**", "/*/items/{board}", "/a/other/*", "/a/items/b2", "/a/items"];

    private static readonly string[] Clients =
    [
        "\"anyone\"", "\"user\"", """{"role":"a"}""", """{"role":{"$ne":"a"}}""", """{"boards":{"$in":["{board}"]}}""",
        """{"boards":"{board}"}""", """{"org.team":"x"}""", """{"friends":{"$in":["bob"]}}""",
    ];

    private static readonly string[] Tests =
    [
        "true", "true", """{"author":"{sub}"}""", """{"open":true}""", """{"n":{"$gt":2}}""", """{"author":{"$in":"{friends}"}}""",
        """{"board":"{board}"}""", """{"author":{"$ne":"{sub}"}}""", """{"$or":[{"open":true},{"author":"{sub}"}]}""",
        """{"tag":"t-{role}"}""", """{"level":"{nothing}"}""", """{"tag":"t-{org.team}"}""", """{"author":{"$in":["{sub}","bob"]}}""",
    ];

    private static readonly string[] Timed = [.. Tests, """{"n":{"$gt":"{now}"}}""", """{"at":"{now}"}"""];

    private static readonly string[] Sets =
    [
        """{"author":"{sub}"}""", """{"n":1}""", """{"author":"{nothing}"}""", """{"tag":"t-{role}"}""", """{"board":"{board}","open":true}""",
        """{"at":"{now}"}""",
    ];

    public JsonObject[] Rules() => [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Rule())];

    /// <summary>An item with an id.</summary>
    public JsonObject Item(string id) => JsonNode.Parse(new JsonObject
    {
        ["id"] = id,
        ["author"] = Pick("ann", "bob", "cyd"),
        ["open"] = random.Next(2) == 0,
        ["n"] = random.Next(5),
        ["board"] = Pick("b1", "b2"),
        ["tag"] = Pick("t-a", "t-b", "t-x"),
    }.ToJsonString())!.AsObject();

    public CaseUpdate Update()
    {
        var ids = new Queue<string>(Enumerable.Range(0, 6).Select(number => $"i{number}").OrderBy(_ => random.Next()));
        var kind = random.Next(5);
        string[] Some(int most) => [.. Enumerable.Range(0, random.Next(1, most + 1)).Select(_ => ids.Dequeue())];
        JsonObject Patch(string id)
        {
            var item = Item(id);
            foreach (var name in item.Select(field => field.Key).Where(name => name != "id" && random.Next(2) == 0).ToArray()) item.Remove(name);
            return item;
        }
        return new(
            Reset: kind == 0,
            Remove: kind is 1 or 4 ? Some(2) : [],
            Insert: kind is 0 or 2 or 4 ? [.. Some(2).Select(Item)] : [],
            Patch: kind is 3 ? [.. Some(2).Select(Patch)] : [],
            Absent: random.Next(6) == 0 ? [$"i{random.Next(6)}"] : [],
            Present: random.Next(6) == 0 ? [$"i{random.Next(6)}"] : []);
    }

    public T Pick<T>(params T[] choices) => choices[random.Next(choices.Length)];

    private JsonObject Rule()
    {
        var path = Pick(Paths);
        var rule = new JsonObject { ["path"] = path, ["who"] = JsonNode.Parse(Pick(Clients)) };
        if (random.Next(4) > 0) rule["read"] = JsonNode.Parse(Pick(Tests));
        if (random.Next(3) == 0) rule["write"] = JsonNode.Parse(Pick(Timed));
        else
        {
            foreach (var name in new[] { "insert", "update", "remove" })
            {
                if (random.Next(2) == 0) rule[name] = JsonNode.Parse(Pick(Timed));
            }
        }
        if (random.Next(5) == 0) rule["reset"] = true;
        if (random.Next(2) == 0) rule["list"] = true;
        var writes = rule.ContainsKey("write") || rule.ContainsKey("insert") || rule.ContainsKey("update") || rule.ContainsKey("reset");
        if (writes && random.Next(3) == 0) rule["set"] = JsonNode.Parse(Pick(Sets));
        return rule;
    }
}

using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Protocol.RefusalTests;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Conditional updates: an update whose condition fails changes nothing, and its reply says how things are.</summary>
public sealed class ConditionTests(SharedHost shared) : IClassFixture<SharedHost>
{
    // Revisions 1 to 4: a and b, then c, then the removal of b, then another a.
    private static readonly string[] Before =
    [
        """{"insert":[{"id":"a"},{"id":"b"}]}""", """{"insert":[{"id":"c"}]}""", """{"remove":["b"]}""",
        """{"insert":[{"id":"a","v":2}]}""",
    ];

    [Theory] // the update; the ids that conflict, or null where it succeeds
    [InlineData("""{"if":{"absent":["x"]},"insert":[{"id":"x"}]}""", null)]
    [InlineData("""{"if":{"absent":["b"]},"insert":[{"id":"b"}]}""", null)]
    [InlineData("""{"if":{"absent":["a","x","c"]},"insert":[{"id":"x"}]}""", "a,c")]
    [InlineData("""{"if":{"absent":["a","a"]},"insert":[{"id":"x"}]}""", "a")]
    [InlineData("""{"if":{"present":["a","c"]},"remove":["a"]}""", null)]
    [InlineData("""{"if":{"present":["a","b","x"]},"insert":[{"id":"x"}]}""", "b,x")]
    [InlineData("""{"if":{"present":["a"],"absent":["c"]},"insert":[{"id":"x"}]}""", "c")]
    [InlineData("""{"if":{"match":{"a":{"v":2},"c":{"v":null}}},"patch":[{"id":"a","v":3}]}""", null)]
    [InlineData("""{"if":{"match":{"a":{"v":{"$gt":2}},"c":{}}},"patch":[{"id":"a","v":3}]}""", "a")]
    [InlineData("""{"if":{"match":{"x":{},"b":{"v":null},"a":{}}},"insert":[{"id":"x"}]}""", "x,b")]
    [InlineData("""{"if":{"match":{"x":{"$nor":[{"v":1}]}}},"insert":[{"id":"x"}]}""", "x")]
    [InlineData("""{"if":{"match":{"\u0061":{"id":"a"}}},"insert":[{"id":"x"}]}""", null)]
    [InlineData("""{"if":{"match":{"a":{"v":1}},"absent":["c"]},"reset":true}""", "c,a")]
    [InlineData("""{"if":{"match":{}},"insert":[{"id":"x"}]}""", null)]
    [InlineData("""{"if":{"match":null},"insert":[{"id":"x"}]}""", null)]
    [InlineData("""{"if":{"since":4,"epoch":"e1"},"insert":[{"id":"a"},{"id":"b"},{"id":"x"}],"remove":["c"]}""", null)]
    [InlineData("""{"if":{"since":3,"epoch":"e1"},"insert":[{"id":"b"},{"id":"x"}],"remove":["c"]}""", null)]
    [InlineData("""{"if":{"since":3,"epoch":"e1"},"insert":[{"id":"a"}]}""", "a")]
    [InlineData("""{"if":{"since":3,"epoch":"e1"},"remove":["a"]}""", "a")]
    [InlineData("""{"if":{"since":3,"epoch":"e1"},"patch":[{"id":"a"}]}""", "a")]
    [InlineData("""{"if":{"since":3,"epoch":"e1"},"inc":[{"id":"a","path":"n","by":1}]}""", "a")]
    [InlineData("""{"if":{"since":3,"epoch":"e1","ids":["a"]},"insert":[{"id":"x"}]}""", "a")]
    [InlineData("""{"if":{"since":2,"epoch":"e1"},"insert":[{"id":"b"}]}""", "b")]
    [InlineData("""{"if":{"since":4,"epoch":"e1"},"reset":true}""", null)]
    [InlineData("""{"if":{"since":3,"epoch":"e1"},"reset":true}""", "a")]
    [InlineData("""{"if":{"since":4,"epoch":"other"},"insert":[{"id":"x"}]}""", "x")]
    [InlineData("""{"if":{"since":9,"epoch":"e1"},"insert":[{"id":"x"}]}""", "x")]
    public async Task AConditionDecides(string update, string? conflicts)
    {
        var path = await FilledAsync();
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var before = (await client.GetAsync(path))["data"]!.ToJsonString();
        var reply = await client.PutAsync(path, update);
        if (conflicts is null)
        {
            Assert.True((bool)reply["ok"]!, reply.ToJsonString());
            return;
        }
        AssertRefusal(reply, "conflict", "a condition in \"if\" does not hold");
        Assert.Equal((4, "e1"), ((int)reply["rev"]!, (string?)reply["epoch"]));
        Assert.Equal(conflicts, string.Join(',', reply["conflicts"]!.AsArray().Select(conflict => (string?)conflict!["id"])));
        Assert.Equal(before, (await client.GetAsync(path))["data"]!.ToJsonString());
    }

    [Fact]
    public async Task AConflictTellsTheItemsAsTheyAreSoThatARetryNeedsNoRead()
    {
        var path = await FilledAsync();
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var reply = await client.PutAsync(path, """{"if":{"since":2,"epoch":"e1","ids":["b"]},"patch":[{"id":"a","w":1}]}""");
        Assert.Equal("""[{"id":"a","item":{"id":"a","v":2}},{"id":"b","item":null}]""", reply["conflicts"]!.ToJsonString());
        var again = $$"""{"if":{"since":{{reply["rev"]}},"epoch":"{{reply["epoch"]}}"},"patch":[{"id":"a","w":1}]}""";
        Assert.True((bool)(await client.PutAsync(path, again))["ok"]!);
    }

    [Fact]
    public async Task AConflictTellsUpToAHundredIdsAndAMebibyteOfItems()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var ids = Enumerable.Range(0, 150).Select(n => $"\"{n}\"").ToArray();
        var items = ids.Select((id, n) => $$"""{"id":{{id}},"t":"{{new string('x', n < 5 ? 300_000 : 1)}}"}""");
        await client.PutAsync(path, $$"""{"insert":[{{string.Join(',', items)}}]}""");
        var reply = await client.PutAsync(path, $$$"""{"if":{"absent":[{{{string.Join(',', ids)}}}]}}""");
        var conflicts = reply["conflicts"]!.AsArray();
        Assert.Equal(100, conflicts.Count);
        Assert.Equal(3, conflicts.Count(conflict => conflict!.AsObject().ContainsKey("item")));
    }

    [Theory]
    [InlineData("""{"if":1}""", "\"if\" is an object with \"since\" and \"epoch\", \"ids\", \"absent\", \"present\" or \"match\"")]
    [InlineData("""{"if":{"since":1}}""", "if: \"since\" and \"epoch\" come together")]
    [InlineData("""{"if":{"epoch":"e"}}""", "if: \"since\" and \"epoch\" come together")]
    [InlineData("""{"if":{"since":1.5,"epoch":"e"}}""", "if.since: a revision is a whole number from 0")]
    [InlineData("""{"if":{"since":-1,"epoch":"e"}}""", "if.since: a revision is a whole number from 0")]
    [InlineData("""{"if":{"since":1,"epoch":2}}""", "if.epoch: an epoch is a string")]
    [InlineData("""{"if":{"ids":["a"]}}""", "if.ids: they come with \"since\" and \"epoch\"")]
    [InlineData("""{"if":{"absent":"a"}}""", "\"if.absent\" is a list")]
    [InlineData("""{"if":{"present":["a",1]}}""", "if.present[1]: an id is a string, without lone surrogates")]
    [InlineData("""{"if":{"absent":[],"absent":[]}}""", "the field \"if.absent\" comes twice")]
    [InlineData("""{"if":{"exists":["a"]}}""", "if.exists: this server has no such condition")]
    [InlineData("""{"if":{"match":["a"]}}""", "if.match: an object with a condition for each id is needed")]
    [InlineData("""{"if":{"match":{"a":{"v":{"$in":[1,2,{"$x":3}]}}}}}""", "if.match.a.v.$in[2]: a value is needed, not an operator")]
    [InlineData("""{"if":{"match":{"a":{},"\u0061":{}}}}""", "if.match.a: this comes twice")]
    [InlineData("""{"if":{"match":{"":{}}}}""", "if.match: an id has 1-1024 bytes of UTF-8; this one has 0")]
    [InlineData("""{"if":{"match":{"\ud800":{}}}}""", "if.match: an id is a string, without lone surrogates")]
    [InlineData("""{"if":{"match":{"a":{}},"match":{}}}""", "the field \"if.match\" comes twice")]
    [InlineData("""{"if":{},"if":{}}""", "the field \"if\" comes twice")]
    public async Task AWrongConditionIsRefusedAndSaysWhere(string update, string sentence)
    {
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        AssertRefusal(await client.PutAsync($"/{shared.NewApp()}/items/a", update), "bad_request", sentence);
    }

    [Fact]
    public async Task TheConditionsOfARequestHaveALimitTogether()
    {
        var path = await FilledAsync();
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        AssertRefusal(
            await client.PutAsync(path, "{\"if\":{\"match\":{" + Matches(5_001) + "}}}"),
            "limit",
            "if.match: the conditions of a request have at most 10000 operators, fields and values together");
        var reply = await client.PutAsync(path, "{\"if\":{\"match\":{" + Matches(5_000) + "}}}");
        Assert.Equal("conflict", (string?)reply["error"]!["code"]);
        Assert.Equal(100, reply["conflicts"]!.AsArray().Count);

        static string Matches(int count) => string.Join(',', Enumerable.Range(0, count).Select(n => $"\"n{n}\":{{\"v\":1}}"));
    }

    /// <summary>The service evaluates conditions, so an expensive one on large items would delay all clients of the service.</summary>
    [Fact]
    public async Task ConditionsThatAreTooExpensiveForTheirItemsAreRefused()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        for (var n = 0; n < 4; n++)
            await client.PutAsync(path, $$"""{"insert":[{"id":"{{n}}","text":"{{new string('a', 900_000)}}"}]}""");
        const string Expensive = """{"text":{"$regex":"b(a?){140}z"}}""";
        AssertRefusal(
            await client.PutAsync(path, "{\"if\":{\"match\":{\"0\":" + Expensive + ",\"1\":" + Expensive + "}},\"insert\":[{\"id\":\"x\"}]}"),
            "limit",
            "if.match: the conditions are too expensive for items of this size; send several requests");
        var reply = await client.PutAsync(path, """{"if":{"match":{"0":{"text":{"$regex":"^a"}},"1":{"text":{"$gt":"a"}}}},"insert":[{"id":"x"}]}""");
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
    }

    [Fact]
    public async Task AForgottenHistoryIsAConflict()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { Tombstones = 2 });
        await using var client = await Client.ConnectAsync(host.Url);
        for (var n = 0; n < 9; n++)
        {
            await client.PutAsync("/app/items/a", $$"""{"insert":[{"id":"{{n}}"}]}""");
            await client.PutAsync("/app/items/a", $$"""{"remove":["{{n}}"]}""");
        }
        AssertRefusal(
            await client.PutAsync("/app/items/a", """{"if":{"since":1,"epoch":"e1"},"insert":[{"id":"new"}]}"""), "conflict", "a condition");
    }

    private async Task<string> FilledAsync()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        foreach (var update in Before) await client.PutAsync(path, update);
        return path;
    }
}

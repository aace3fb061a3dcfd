using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Views of a collection: what a subscription with a filter, an order, a limit or fields is told.</summary>
public sealed class ViewTests(SharedHost shared) : IClassFixture<SharedHost>
{
    private const string Tasks = """
        {"insert":[{"id":"a","owner":"ada","due":3,"text":"A"},{"id":"b","owner":"bob","due":1,"text":"B"},
        {"id":"c","owner":"ada","due":2,"text":"C"},{"id":"d","owner":"ada","due":4,"text":"D"}]}
        """;

    [Fact]
    public async Task AnItemThatEntersOrLeavesAFilterIsInTheNotificationOfItsUpdate()
    {
        var (client, path) = await FilledAsync();
        await using var _ = client;
        Assert.Equal("a,c,d", Ids(await FollowAsync(client, path, """{"filter":{"owner":"ada"}}""")));

        await client.PutAsync(path, """{"insert":[{"id":"b","owner":"ada"},{"id":"a","owner":"bob"},{"id":"x","owner":"bob"}],"remove":["c"]}""");
        var change = await client.NotificationAsync();
        Assert.Equal("""{"reset":false,"remove":["c","a"],"insert":[{"id":"b","owner":"ada"}]}""", change["data"]!.ToJsonString());
        Assert.Equal((2, 1), ((int)change["rev"]!, (int)change["prev"]!));

        await client.PutAsync(path, """{"insert":[{"id":"y","owner":"bob"}],"remove":["x"]}""");
        Assert.Equal(0, client.KeptNotifications);
        await client.PutAsync(path, """{"remove":["d"]}""");
        change = await client.NotificationAsync();
        Assert.Equal((4, 2), ((int)change["rev"]!, (int)change["prev"]!)); // revision 3 did not change the view
    }

    [Fact]
    public async Task AWindowHasTheItemsThatMoveUpAndNotThoseThatArePushedOut()
    {
        var (client, path) = await FilledAsync();
        await using var _ = client;
        var first = await FollowAsync(client, path, """{"order":[["due",1]],"limit":2}""");
        Assert.Equal(("b,c", 4), (Ids(first), (int)first["total"]!));

        await client.PutAsync(path, """{"insert":[{"id":"e","due":0}]}""");
        var change = await client.NotificationAsync();
        Assert.Equal("""{"reset":false,"remove":["c"],"insert":[{"id":"e","due":0}]}""", change["data"]!.ToJsonString());
        Assert.Equal(5, (int)change["total"]!);
        await client.PutAsync(path, """{"remove":["e","b"]}""");
        change = await client.NotificationAsync();
        Assert.Equal(
            """{"reset":false,"remove":["b","e"],"insert":[{"id":"c","owner":"ada","due":2,"text":"C"},{"id":"a","owner":"ada","due":3,"text":"A"}]}""",
            Sorted(change));
        Assert.Equal(3, (int)change["total"]!);
    }

    [Fact]
    public async Task AnItemThatMovesWithinAWindowOrOutAndBackInOneUpdateIsNoNews()
    {
        var (client, path) = await FilledAsync();
        await using var _ = client;
        await FollowAsync(client, path, """{"order":[["due",1]],"limit":2,"fields":["text"]}""");
        await client.PutAsync(path, """{"insert":[{"id":"b","due":9,"text":"B"},{"id":"b","due":2.5,"text":"B"}]}""");
        Assert.Equal(0, client.KeptNotifications);
    }

    [Fact]
    public async Task AChangeOfOtherFieldsIsNoNews()
    {
        var (client, path) = await FilledAsync();
        await using var _ = client;
        var first = await FollowAsync(client, path, """{"fields":["text"]}""");
        Assert.Equal("""{"id":"a","text":"A"}""", first["data"]!["insert"]![0]!.ToJsonString());
        await client.PutAsync(path, """{"patch":[{"id":"a","due":7}]}""");
        Assert.Equal(0, client.KeptNotifications);
        await client.PutAsync(path, """{"patch":[{"id":"a","text":"AA"}]}""");
        Assert.Equal("""[{"id":"a","text":"AA"}]""", (await client.NotificationAsync())["data"]!["insert"]!.ToJsonString());
    }

    [Fact]
    public async Task OneConnectionFollowsSeveralViewsOfAPathByTheirNames()
    {
        var (client, path) = await FilledAsync();
        await using var _ = client;
        await client.PutAsync("/subs", $$$"""
            {"insert":[["{{{path}}}",{"as":"ada","filter":{"owner":"ada"}}],["{{{path}}}",{"as":"bob","filter":{"owner":"bob"}}]]}
            """);
        Assert.Equal(("ada", "a,c,d"), Named(await client.NotificationAsync()));
        Assert.Equal(("bob", "b"), Named(await client.NotificationAsync()));
        await client.PutAsync("/subs", $$"""{"reset":false,"remove":[["{{path}}","ada"]]}""");
        await client.PutAsync(path, """{"insert":[{"id":"e","owner":"ada"},{"id":"f","owner":"bob"}]}""");
        Assert.Equal(("bob", "f"), Named(await client.NotificationAsync()));
        Assert.Equal(0, client.KeptNotifications);

        static (string?, string) Named(JsonNode message) => ((string?)message["as"], Ids(message));
    }

    [Theory]
    [InlineData("""{"filter":{"owner":"ada"}}""", "a,c,d", null)]
    [InlineData("""{"filter":{"owner":"ada"},"order":[["due",-1]]}""", "d,a,c", null)]
    [InlineData("""{"order":[["due",1]],"limit":3}""", "b,c,a", 4)]
    [InlineData("""{"order":[["due",1]],"limit":2,"after":[2,"c"]}""", "a,d", 4)]
    [InlineData("""{"order":[["due",-1]],"after":[3,"a"]}""", "c,b", null)]
    [InlineData("""{"limit":1}""", "a", 4)]
    [InlineData("""{"filter":{"due":{"$gte":2},"owner":"ada"},"limit":2,"order":[["due",1]]}""", "c,a", 3)]
    [InlineData("""{"filter":null,"order":null,"limit":null,"after":null,"fields":null}""", "a,b,c,d", null)]
    [InlineData("[1]", "a,b,c,d", null)] // older clients may send anything with a GET
    public async Task AGetTakesTheSameArguments(string argument, string ids, int? total)
    {
        var (client, path) = await FilledAsync();
        await using var _ = client;
        var reply = await client.AskAsync("GET", path, argument);
        Assert.Equal(ids, string.Join(',', reply["data"]!.AsArray().Select(item => (string)item!["id"]!)));
        Assert.Equal((total, 1), ((int?)reply["total"], (int)reply["rev"]!));
    }

    [Theory]
    [InlineData("""{"filter":5}""", "filter")]
    [InlineData("""{"filter":{"a":{"$like":1}}}""", "filter.a.$like")]
    [InlineData("""{"filter":{"$and":[]}}""", "filter.$and")]
    [InlineData("""{"order":[["a",2]]}""", "order[0][1]")]
    [InlineData("""{"limit":0}""", "limit")]
    [InlineData("""{"limit":10001}""", "limit")]
    [InlineData("""{"limit":"5"}""", "limit")]
    [InlineData("""{"after":[1]}""", "after[0]")]
    [InlineData("""{"fields":"a"}""", "fields")]
    public async Task AMistakeNamesItsPlaceAndTheOthersTakeEffect(string view, string place)
    {
        var (client, path) = await FilledAsync();
        await using var _ = client;
        var refused = await client.AskAsync("GET", path, view);
        Assert.Equal((false, "bad_request"), ((bool)refused["ok"]!, (string?)refused["error"]!["code"]));
        Assert.StartsWith($"{place}: ", (string?)refused["data"]);

        var named = $"{{\"as\":\"v\",{view[1..]}";
        var reply = await client.PutAsync("/subs", $$"""{"insert":[["{{path}}",{{named}}],["{{path}}",{}]]}""");
        var error = Assert.Single(reply["errors"]!.AsArray())!;
        Assert.Equal((path, "bad_request", "v"), ((string?)error[0], (string?)error[1]!["code"], (string?)error[1]!["as"]));
        Assert.StartsWith($"{place}: ", (string?)error[1]!["message"]);
        Assert.Equal($$"""[["{{path}}",{}]]""", reply["data"]!.ToJsonString());
    }

    /// <summary>Each change of the collection may evaluate all of them.</summary>
    [Fact]
    public async Task FiltersThatCostTooMuchTogetherAreRefused()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var filter = $"{{\"$or\":[{string.Join(',', Enumerable.Range(0, 100).Select(n => $"{{\"f{n}\":{n}}}"))}]}}";
        var insert = string.Join(',', Enumerable.Range(0, 200).Select(n => $"[\"{path}\",{{\"as\":\"v{n}\",\"filter\":{filter}}}]"));
        var reply = await client.PutAsync("/subs", $"{{\"insert\":[{insert}]}}");
        Assert.InRange(reply["data"]!.AsArray().Count, 20, 180);
        Assert.All(reply["errors"]!.AsArray(), error => Assert.Equal("limit", (string?)error![1]!["code"]));
        reply = await client.PutAsync("/subs", $$$"""{"insert":[["{{{path}}}",{"filter":{"a":1}}]]}""");
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
    }

    [Fact]
    public async Task AFilterResumesWithTheDifference()
    {
        var (client, path) = await FilledAsync();
        await using var _ = client;
        await client.PutAsync(path, """{"insert":[{"id":"e","owner":"ada"},{"id":"b","owner":"bob","due":5}],"remove":["c"]}""");
        var first = await FollowAsync(client, path, """{"filter":{"owner":"ada"},"since":1,"epoch":"e1"}""");
        Assert.Equal("""{"reset":false,"remove":["b","c"],"insert":[{"id":"e","owner":"ada"}]}""", Sorted(first));
        Assert.Equal((2, 1), ((int)first["rev"]!, (int)first["prev"]!));
    }

    [Fact]
    public async Task AWindowResumesWithItsItems()
    {
        var (client, path) = await FilledAsync();
        await using var _ = client;
        var first = await FollowAsync(client, path, """{"order":[["due",1]],"limit":2,"since":1,"epoch":"e1"}""");
        Assert.Equal((true, "b,c"), ((bool)first["data"]!["reset"]!, Ids(first)));
    }

    [Fact]
    public async Task AChangeOfTheTotalAloneIsToldInAnEmptyNotificationOnceASecond()
    {
        var (client, path) = await FilledAsync();
        await using var _ = client;
        await FollowAsync(client, path, """{"order":[["due",1]],"limit":2}""");
        for (var count = 0; count < 20; count++) await client.PutAsync(path, $$"""{"insert":[{"id":"n{{count}}","due":{{10 + count}}}]}""");
        var totals = new List<int>();
        while (totals.LastOrDefault() != 24)
        {
            var notification = await client.NotificationAsync();
            Assert.Equal("""{"reset":false,"remove":[],"insert":[]}""", notification["data"]!.ToJsonString());
            totals.Add((int)notification["total"]!);
        }
        Assert.InRange(totals.Count, 1, 5);
    }

    /// <summary>A view that has not changed for long resumes with a difference all the same.</summary>
    [Fact]
    public async Task AnIdleViewIsToldANewerPositionBeforeTheRemovalsAreForgotten()
    {
        await using var live = await LiveHost.StartAsync(limits: new() { Tombstones = 200 });
        await using var client = await Client.ConnectAsync(live.Url);
        await FollowAsync(client, "/app/items/a", """{"filter":{"owner":"ada"}}""");
        var told = 0;
        for (var count = 0; count < 300; count++)
        {
            await client.PutAsync("/app/items/a", $$"""{"insert":[{"id":"{{count}}"}]}""");
            await client.PutAsync("/app/items/a", $$"""{"remove":["{{count}}"]}""");
            while (client.KeptNotifications > 0)
            {
                var idle = await client.NotificationAsync();
                Assert.Equal("""{"reset":false,"remove":[],"insert":[]}""", idle["data"]!.ToJsonString());
                told = (int)idle["rev"]!;
            }
        }
        Assert.InRange(told, 401, 600);
        await using var later = await Client.ConnectAsync(live.Url);
        var resumed = await FollowAsync(later, "/app/items/a", $$"""{"filter":{"owner":"ada"},"since":{{told}},"epoch":"e1"}""");
        Assert.False((bool)resumed["data"]!["reset"]!);
    }

    [Fact]
    public async Task AViewOfALargeCollectionArrivesInParts()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var items = string.Join(',', Enumerable.Range(0, 400).Select(n => $$"""{"id":"{{n}}","even":{{n % 2}},"text":"{{new string('x', 200)}}"}"""));
        await client.PutAsync(path, $$"""{"insert":[{{items}}]}""");
        var part = await FollowAsync(client, path, """{"filter":{"even":0},"limit":150,"part":16384}""");
        var (count, parts) = (0, 0);
        for (; ; parts++)
        {
            Assert.Equal(200, (int)part["total"]!);
            count += part["data"]!["insert"]!.AsArray().Count;
            if (part["more"] is null) break;
            part = await client.NotificationAsync();
        }
        Assert.Equal(150, count);
        Assert.True(parts > 0);
    }

    [Theory]
    [InlineData("""{"order":[["n",1]],"limit":3}""", "first,i17679,i15358")]
    [InlineData("""{"filter":{"owner":"u7"},"order":[["n",1]]}""", "first,i7")]
    [InlineData("""{"filter":{"n":{"$lt":3}},"order":[["n",1]]}""", "first,i17679,i15358")]
    public async Task WhileAViewOfALargeCollectionIsPreparedOtherRequestsAreAnswered(string view, string expected)
    {
        await using var live = await LiveHost.StartAsync(limits: new() { TurnTextBytes = 1024 });
        await using var client = await Client.ConnectAsync(live.Url);
        var items = string.Join(',', Enumerable.Range(0, 20_000).Select(n => $$"""{"id":"i{{n}}","owner":"u{{n}}","n":{{n * 7919 % 20_000}}}"""));
        await client.PutAsync("/app/items/a", $$"""{"insert":[{{items}}]}""");
        await client.GetAsync("/app/items/b");

        await client.SendAsync(
            $$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[["/app/items/a",{{view}}]]},"tunnel":"subs"}""");
        await client.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/app/items/b","tunnel":"small"}""");
        Assert.Equal("subs", (string?)(await client.ReceiveAsync())["tunnel"]);
        Assert.Equal("small", (string?)(await client.ReceiveAsync())["tunnel"]);
        await using var writer = await Client.ConnectAsync(live.Url);
        await writer.PutAsync("/app/items/a", """{"insert":[{"id":"first","owner":"u7","n":-1}],"remove":["i0"]}""");
        var told = await client.NotificationAsync();
        if ((int)told["rev"]! == 1) told = await client.NotificationAsync();
        Assert.Contains("first", Ids(told));
        var reply = await client.AskAsync("GET", "/app/items/a", view);
        Assert.Equal(expected, string.Join(',', reply["data"]!.AsArray().Select(item => (string)item!["id"]!)));
    }

    private async Task<(Client, string)> FilledAsync()
    {
        var path = $"/{shared.NewApp()}/items/a";
        var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync(path, Tasks);
        return (client, path);
    }

    private static async Task<JsonNode> FollowAsync(Client client, string path, string options)
    {
        var reply = await client.PutAsync("/subs", $$"""{"insert":[["{{path}}",{{options}}]]}""");
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
        return await client.NotificationAsync();
    }

    private static string Ids(JsonNode message) =>
        string.Join(',', message["data"]!["insert"]!.AsArray().Select(item => (string)item!["id"]!).Order());

    /// <summary>The data of a notification whose removals and items have no order.</summary>
    private static string Sorted(JsonNode message)
    {
        var data = message["data"]!.DeepClone();
        data["remove"] = new JsonArray([.. data["remove"]!.AsArray().Select(id => (string)id!).Order().Select(id => JsonValue.Create(id))]);
        return data.ToJsonString();
    }
}

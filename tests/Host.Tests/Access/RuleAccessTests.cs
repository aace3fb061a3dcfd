using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Access;

/// <summary>Rules over WebSockets: reads, writes, and what happens when rights change.</summary>
public sealed class RuleAccessTests
{
    private const string Own = """{"path": "/a/items/*", "who": "user", "read": {"owner": "{sub}"}, "write": {"owner": "{sub}"}}""";

    [Fact]
    public async Task AReadConditionHidesItemsInGetsSubscriptionsAndTotals()
    {
        await using var host = await StartAsync(Own);
        await using var root = await UserAsync(host, "root");
        await using var ann = await UserAsync(host, "ann");
        await root.PutAsync("/a/items/c", """{"insert":[{"id":"1","owner":"ann","n":1},{"id":"2","owner":"bob","n":2}]}""");
        Assert.Equal(["1"], Ids((await ann.GetAsync("/a/items/c"))["data"]!));
        Assert.Equal(1, (int)(await ann.AskAsync("GET", "/a/items/c", """{"order":[["n",-1]],"limit":1}"""))["total"]!);
        await ann.PutAsync("/subs", """{"insert":[["/a/items/c",{}]]}""");
        Assert.Equal(["1"], Ids((await ann.NotificationAsync())["data"]!["insert"]!));
        await root.PutAsync("/a/items/c", """{"insert":[{"id":"3","owner":"bob"}],"remove":["2"]}"""); // no trace
        await root.PutAsync("/a/items/c", """{"insert":[{"id":"1","owner":"bob"}]}""");
        var left = await ann.NotificationAsync();
        Assert.Equal(["1"], left["data"]!["remove"]!.AsArray().Select(id => (string)id!));
        Assert.Empty(left["data"]!["insert"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"insert":[{"id":"n","owner":"ann"}]}""", null)]
    [InlineData("""{"insert":[{"id":"n","owner":"bob"}]}""", "forbidden")]
    [InlineData("""{"insert":[{"id":"n","owner":"ann"},{"id":"m","owner":"bob"}]}""", "forbidden")] // as a whole
    [InlineData("""{"insert":[{"id":"mine","owner":"bob"}]}""", "forbidden")]                       // the new one, too
    [InlineData("""{"insert":[{"id":"other","owner":"ann"}]}""", "forbidden")]                      // a hidden item has the id
    [InlineData("""{"patch":[{"id":"other","x":1}]}""", "forbidden")]
    [InlineData("""{"patch":[{"id":"other","owner":"bob"}]}""", "forbidden")]                       // changes nothing
    [InlineData("""{"inc":[{"id":"other","path":"owner","by":1}]}""", "forbidden")]               // not: no number
    [InlineData("""{"inc":[{"id":"mine","path":"owner","by":1}]}""", "bad_request")]
    [InlineData("""{"patch":[{"id":"mine","x":1}]}""", null)]
    [InlineData("""{"patch":[{"id":"mine","owner":"bob"}]}""", "forbidden")]
    [InlineData("""{"remove":["mine"]}""", null)]
    [InlineData("""{"remove":["other","nothing"]}""", null)]                                        // no effect
    [InlineData("""{"reset":true,"insert":[{"id":"n","owner":"ann"}]}""", "forbidden")]
    [InlineData("""{"if":{"absent":["other"]},"insert":[{"id":"n","owner":"ann"}]}""", null)]
    [InlineData("""{"if":{"present":["other"]},"insert":[{"id":"n","owner":"ann"}]}""", "conflict")]
    [InlineData("""{"if":{"present":["other"]},"insert":[{"id":"n","owner":"bob"}]}""", "forbidden")] // before the conflict
    [InlineData("""{"if":{"match":{"other":{"owner":"bob"}}},"insert":[{"id":"n","owner":"ann"}]}""", "conflict")]
    public async Task AnUpdateIsJudgedAsAWhole(string update, string? code)
    {
        await using var host = await StartAsync(Own);
        await using var root = await UserAsync(host, "root");
        await using var ann = await UserAsync(host, "ann");
        await root.PutAsync("/a/items/c", """{"insert":[{"id":"mine","owner":"ann"},{"id":"other","owner":"bob"}]}""");
        var before = (await root.GetAsync("/a/items/c"))["data"]!.ToJsonString();
        var reply = await ann.PutAsync("/a/items/c", update);
        Assert.Equal(code, (string?)reply["error"]?["code"]);
        Assert.DoesNotContain("bob", reply.ToJsonString());
        var after = (await root.GetAsync("/a/items/c"))["data"]!;
        if (code is not null) Assert.Equal(before, after.ToJsonString());
        Assert.Contains("other", Ids(after));
        foreach (var conflict in reply["conflicts"]?.AsArray() ?? []) Assert.Null(conflict!["item"]);
    }

    [Fact]
    public async Task ARefusalNamesTheItemOnlyToAReaderOfIt()
    {
        await using var host = await StartAsync(
            """{"path": "/a/items/*", "who": "user", "read": {"open": true}, "update": {"owner": "{sub}"}}""");
        await using var root = await UserAsync(host, "root");
        await using var ann = await UserAsync(host, "ann");
        await root.PutAsync("/a/items/c", """{"insert":[{"id":"seen","open":true},{"id":"hid","open":false}]}""");
        var message = (string)(await ann.PutAsync("/a/items/c", """{"insert":[{"id":"seen"}]}"""))["error"]!["message"]!;
        Assert.Equal("no access rule of the server allows this user to update the item \"seen\"; nothing was changed", message);
        message = (string)(await ann.PutAsync("/a/items/c", """{"insert":[{"id":"hid"}]}"""))["error"]!["message"]!;
        Assert.Equal("no access rule of the server allows this to this user", message);
    }

    [Fact]
    public async Task SetOverwritesFieldsBeforeTheItemIsJudged()
    {
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_250));
        await using var host = await LiveHost.StartAsync(time: time, access: TestRules.Of(
            """{"path": "/a/items/{board}", "who": "user", "insert": {"owner": "{sub}"}, "set": {"owner": "{sub}", "at": "{now}", "on": ["{board}!"]}}"""));
        await using var root = await UserAsync(host, "root");
        await using var ann = await UserAsync(host, "ann");
        Assert.True((bool)(await ann.PutAsync("/a/items/c", """{"insert":[{"owner":"bob","id":"1","x":[1],"\u006fwner":2}]}"""))["ok"]!);
        Assert.Equal(
            """[{"owner":"ann","id":"1","x":[1],"at":1790000000.25,"on":["c!"]}]""", (await root.GetAsync("/a/items/c"))["data"]!.ToJsonString());
    }

    [Fact]
    public async Task AMissingClaimRefusesTheWrite()
    {
        await using var host = await StartAsync("""{"path": "/a/items/*", "who": "anyone", "insert": true, "set": {"role": "{role}"}}""");
        await using var cyd = await UserAsync(host, "cyd");
        Assert.Equal("forbidden", (string?)(await cyd.PutAsync("/a/items/c", """{"insert":[{"id":"1"}]}"""))["error"]!["code"]);
    }

    [Fact]
    public async Task AListingNamesOnlyCollectionsWithAVisibleItem()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(
            storage, access: TestRules.Of(Own, """{"path": "/a/items", "who": "anyone", "list": true}"""));
        await using var root = await UserAsync(host, "root");
        await using var ann = await UserAsync(host, "ann");
        foreach (var (name, owner) in new[] { ("c", "ann"), ("d", "bob"), ("e", "ann"), ("f", "ann") })
            await root.PutAsync($"/a/items/{name}", $$"""{"insert":[{"id":"1","owner":"{{owner}}"}]}""");
        Assert.Equal("""["c","d","e","f"]""", (await root.GetAsync("/a/items"))["data"]!.ToJsonString());
        Assert.Equal("""["c","e","f"]""", (await ann.GetAsync("/a/items"))["data"]!.ToJsonString());
        Assert.Equal("""["e"]""", (await ann.AskAsync("GET", "/a/items", """{"limit":1,"after":"c"}"""))["data"]!.ToJsonString());
        await using var nobody = await Client.ConnectAsync(host.Url);
        Assert.Equal("[]", (await nobody.GetAsync("/a/items"))["data"]!.ToJsonString());

        await host.ReplaceAsync(storage); // no collection is in memory
        Assert.Equal("""["c","e","f"]""", (await ann.GetAsync("/a/items"))["data"]!.ToJsonString());
    }

    [Fact]
    public async Task ChangedRulesEndSubscriptionsAndMoveThemToWhatTheyMaySeeNow()
    {
        await using var host = await StartAsync(Own);
        await using var root = await UserAsync(host, "root");
        await using var ann = await UserAsync(host, "ann");
        await root.PutAsync("/a/items/c", """{"insert":[{"id":"1","owner":"ann"},{"id":"2","owner":"bob","open":true}]}""");
        await ann.PutAsync("/subs", """{"insert":[["/a/items/c",{}]]}""");
        var first = await ann.NotificationAsync();
        Assert.Equal(["1"], Ids(first["data"]!["insert"]!));

        host.Change(TestRules.Of(Own, """{"path": "/a/items/c", "who": "user", "read": {"open": true}}"""));
        var more = await ann.NotificationAsync();
        Assert.True((bool)more["data"]!["reset"]!);
        Assert.Equal(["1", "2"], Ids(more["data"]!["insert"]!));
        Assert.NotEqual((string)first["epoch"]!, (string)more["epoch"]!);

        host.Change(TestRules.Of("""{"path": "/a/items/c", "who": "user", "read": {"open": true}}"""));
        Assert.Equal(["2"], Ids((await ann.NotificationAsync())["data"]!["insert"]!));
        host.Change(TestRules.Of());
        var drop = await ann.NotificationAsync();
        Assert.Equal("DROP forbidden", $"{drop["cmd"]} {drop["error"]!["code"]}");
        await root.PutAsync("/a/items/c", """{"insert":[{"id":"3","owner":"ann","open":true}]}""");
        Assert.Empty((await ann.GetAsync("/subs"))["data"]!.AsArray());
        Assert.Equal(0, ann.KeptNotifications);
    }

    [Fact]
    public async Task AnotherIdentityMovesTheSubscriptions()
    {
        await using var host = await StartAsync(Own);
        await using var root = await UserAsync(host, "root");
        await using var ann = await UserAsync(host, "ann");
        await root.PutAsync("/a/items/c", """{"insert":[{"id":"1","owner":"ann"},{"id":"2","owner":"bob"}]}""");
        await ann.PutAsync("/subs", """{"insert":[["/a/items/c",{"part":16384}]]}""");
        Assert.Equal(["1"], Ids((await ann.NotificationAsync())["data"]!["insert"]!));
        await ann.PutAsync("/auth", """{"token":"ssk_bob"}""");
        Assert.Equal(["2"], Ids((await ann.NotificationAsync())["data"]!["insert"]!));
        await ann.PutAsync("/auth", """{"token":null}""");
        Assert.Equal("unauthorized", (string)(await ann.NotificationAsync())["error"]!["code"]!);
    }

    [Fact]
    public async Task AResumeOfAReaderWithOtherRightsIsAReset()
    {
        await using var host = await StartAsync(Own);
        await using var root = await UserAsync(host, "root");
        await using var ann = await UserAsync(host, "ann");
        await root.PutAsync("/a/items/c", """{"insert":[{"id":"1","owner":"ann"},{"id":"2","owner":"bob"}]}""");
        var read = await ann.GetAsync("/a/items/c");
        var since = $"\"since\":{read["rev"]},\"epoch\":\"{read["epoch"]}\"";
        await root.PutAsync("/a/items/c", """{"insert":[{"id":"3","owner":"ann"}]}""");
        await ann.PutAsync("/subs", $$"""{"insert":[["/a/items/c",{{{since}}}]]}""");
        var difference = await ann.NotificationAsync();
        Assert.False((bool)difference["data"]!["reset"]!);
        Assert.Equal(["3"], Ids(difference["data"]!["insert"]!));

        await using var bob = await UserAsync(host, "bob");
        await bob.PutAsync("/subs", $$"""{"insert":[["/a/items/c",{{{since}}}]]}""");
        Assert.Equal(["2"], Ids((await bob.NotificationAsync())["data"]!["insert"]!));
        await root.PutAsync("/subs", $$"""{"insert":[["/a/items/c",{{{since}}}]]}""");
        Assert.Equal(["1", "2", "3"], Ids((await root.NotificationAsync())["data"]!["insert"]!));
    }

    [Theory]
    [InlineData(true)]  // the right to write everything
    [InlineData(false)] // the right to write some
    public async Task ARightThatIsTakenAwayDoesNotHoldForAnUpdateThatWaits(bool everything)
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(
            storage, access: TestRules.Of(
                everything ? """{"path": "/a/items/*", "who": "user", "read": true, "write": true}""" : Own));
        await using var root = await UserAsync(host, "root");
        await using var ann = await UserAsync(host, "ann");
        await root.PutAsync("/a/items/c", """{"insert":[{"id":"0"}]}""");
        var (reached, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        storage.BeforeCommit = (_, _) =>
        {
            reached.TrySetResult();
            return go.Task;
        };
        var first = root.PutAsync("/a/items/c", """{"insert":[{"id":"1"}]}""");
        await reached.Task;
        var large = new string('x', 300 << 10); // counts in the budget of unanswered requests
        var waits = ann.PutAsync("/a/items/c", $$"""{"insert":[{"id":"2","owner":"ann","x":"{{large}}"}]}""");
        await Wait.UntilAsync(() => host.RequestBytes > 0, "the update waits for its commit");
        host.Change(TestRules.Of());
        go.SetResult();
        Assert.True((bool)(await first)["ok"]!);
        Assert.Equal("forbidden", (string?)(await waits)["error"]!["code"]);
        Assert.Equal(["0", "1"], Ids((await root.GetAsync("/a/items/c"))["data"]!));
    }

    private static async Task<LiveHost> StartAsync(params string[] rules) => await LiveHost.StartAsync(access: TestRules.Of(rules));

    private static async Task<Client> UserAsync(LiveHost host, string name)
    {
        var client = await Client.ConnectAsync(host.Url);
        Assert.True((bool)(await client.PutAsync("/auth", $$"""{"token":"ssk_{{name}}"}"""))["ok"]!);
        return client;
    }

    private static string[] Ids(JsonNode items) =>
        [.. items.AsArray().Select(item => (string)item!["id"]!).Order(StringComparer.Ordinal)];
}

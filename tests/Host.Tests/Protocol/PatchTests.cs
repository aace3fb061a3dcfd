using System.Text;
using SharedState.Host.Json;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Protocol.RefusalTests;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Patches and counters: what they change, and that nothing else changes.</summary>
public sealed class PatchTests(SharedHost shared) : IClassFixture<SharedHost>
{
    /// <summary>The examples of RFC 7396, appendix A, as members of an item: their documents need not be objects.</summary>
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", """{}""")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""["a","b"]""", """["c","d"]""", """["c","d"]""")]
    [InlineData("""{"a":"b"}""", """["c"]""", """["c"]""")]
    [InlineData("""{"a":"foo"}""", "\"bar\"", "\"bar\"")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("""[1,2]""", """{"a":"b","c":null}""", """{"a":"b"}""")]
    [InlineData("""{}""", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public async Task TheExamplesOfRfc7396(string document, string patch, string result) => Assert.Equal(
        $$"""[{"id":"1","doc":{{result}}}]""",
        await EditedAsync($$"""{"id":"1","doc":{{document}}}""", $$"""{"patch":[{"id":"1","doc":{{patch}}}]}"""));

    [Theory] // the item, the update, the item after it
    [InlineData("""{"id":"1","a":1}""", """{"patch":[{"id":"1","a":null}]}""", """{"id":"1"}""")]
    [InlineData("""{"a":1,"id":"1"}""", """{"patch":[{"id":"1","a":null}]}""", """{"id":"1"}""")]
    [InlineData("""{ "z" : 1.00 , "id":"1","b":1e5, "c":{"x": 1, "y":-0} }""", """{"patch":[{"b":2,"id":"1"}]}""",
        """{"z" : 1.00,"id":"1","b":2,"c":{"x": 1, "y":-0}}""")]
    [InlineData("""{"id":"1","c":{"x": [1.0 , 2],"y":-0}}""", """{"patch":[{"id":"1","c":{"y":1,"z":{"n":null}}}]}""",
        """{"id":"1","c":{"x": [1.0 , 2],"y":1,"z":{}}}""")]
    [InlineData("""{"id":"1","\u0061":1}""", """{"patch":[{"id":"1","a":2}]}""", """{"id":"1","\u0061":2}""")]
    [InlineData("""{"id":"1","\ud800":1}""", """{"patch":[{"id":"1","\ud800":2,"ä":"\u00e4"}]}""", """{"id":"1","\ud800":2,"ä":"\u00e4"}""")]
    [InlineData("""{"id":"1","a":1,"a":2}""", """{"patch":[{"id":"1","a":3}]}""", """{"id":"1","a":3,"a":3}""")]
    [InlineData("""{"id":"1","a":1}""", """{"patch":[{"id":"1","a":2,"a":3}]}""", """{"id":"1","a":3}""")]
    [InlineData("""{"id":"1","a":1}""", """{"patch":[{"id":"1","a":2},{"id":"1","b":3}]}""", """{"id":"1","a":2,"b":3}""")]
    [InlineData("""{"id":"1","a":1}""", """{"patch":[{"id":"\u0031","a":2}]}""", """{"id":"1","a":2}""")]
    [InlineData("""{"id":"1","a":1}""", """{"insert":[{"id":"1","b":1}],"patch":[{"id":"1","c":2}]}""", """{"id":"1","b":1,"c":2}""")]
    [InlineData("""{"id":"1","a":1}""", """{"remove":["1"],"patch":[{"id":"1","c":2}]}""", """{"id":"1","c":2}""")]
    [InlineData("""{"id":"1","a":1}""", """{"reset":true,"patch":[{"id":"1","c":2,"d":null}]}""", """{"id":"1","c":2}""")]
    [InlineData("""{"id":"1"}""", """{"inc":[{"id":"1","path":"n","by":2}]}""", """{"id":"1","n":2}""")]
    [InlineData("""{"id":"1"}""", """{"inc":[{"id":"1","path":"a.b.c","by":-2}]}""", """{"id":"1","a":{"b":{"c":-2}}}""")]
    [InlineData("""{"id":"1","n":{"a": 1 , "b":[1, 2.50,{"x":7}]} }""", """{"inc":[{"id":"1","path":"n.b.2.x","by":1}]}""",
        """{"id":"1","n":{"a": 1 , "b":[1, 2.50,{"x":8}]} }""")]
    [InlineData("""{"id":"1","b":[5]}""", """{"inc":[{"id":"1","path":"b.0","by":1}]}""", """{"id":"1","b":[6]}""")]
    [InlineData("""{"id":"1","n":999999999999999998}""", """{"inc":[{"id":"1","path":"n","by":1}]}""", """{"id":"1","n":999999999999999999}""")]
    [InlineData("""{"id":"1","n":1000000000000000000}""", """{"inc":[{"id":"1","path":"n","by":-1}]}""", """{"id":"1","n":999999999999999999}""")]
    [InlineData("""{"id":"1","n":999999999999999999}""", """{"inc":[{"id":"1","path":"n","by":1}]}""", """{"id":"1","n":1E+18}""")]
    [InlineData("""{"id":"1","n":0.1}""", """{"inc":[{"id":"1","path":"n","by":0.2}]}""", """{"id":"1","n":0.30000000000000004}""")]
    [InlineData("""{"id":"1","n":1.50}""", """{"inc":[{"id":"1","path":"n","by":0.5}]}""", """{"id":"1","n":2}""")]
    [InlineData("""{"id":"1","n":1.50}""", """{"inc":[{"id":"1","path":"n","by":0}]}""", """{"id":"1","n":1.50}""")]
    [InlineData("""{"id":"1","n":1,"n":5}""", """{"inc":[{"id":"1","path":"n","by":1}]}""", """{"id":"1","n":1,"n":6}""")]
    [InlineData("""{"id":"1"}""", """{"inc":[{"id":"1","path":"n","by":1},{"id":"1","path":"n","by":2}]}""", """{"id":"1","n":3}""")]
    [InlineData("""{"id":"1"}""", """{"patch":[{"id":"1","n":10}],"inc":[{"id":"1","path":"n","by":1}]}""", """{"id":"1","n":11}""")]
    [InlineData("""{"id":"1"}""", """{"inc":[{"id":"1","path":"ä.\"","by":1}]}""", """{"id":"1","ä":{"\"":1}}""")]
    public async Task AnUpdateEditsWhatItNamesAndLeavesTheRestByteForByte(string item, string update, string after) =>
        Assert.Equal($"[{after}]", await EditedAsync(item, update));

    [Theory] // the update, the reply's count, the items
    [InlineData("""{"patch":[{"id":"2","a":{"b":null,"c":1}}]}""", 1, """[{"id":"1"},{"id":"2","a":{"c":1}}]""")]
    [InlineData("""{"inc":[{"id":"2","path":"n","by":1}]}""", 1, """[{"id":"1"},{"id":"2","n":1}]""")]
    [InlineData("""{"inc":[{"id":"ä\"","path":"n","by":0}]}""", 1, """[{"id":"1"},{"id":"ä\"","n":0}]""")]
    [InlineData("""{"remove":["1","9"],"insert":[{"id":"2"}],"patch":[{"id":"2"},{"id":"3"}],"inc":[{"id":"3","path":"n","by":1}]}""", 4,
        """[{"id":"2"},{"id":"3","n":1}]""")]
    [InlineData("""{"patch":[],"inc":[],"if":{}}""", 0, """[{"id":"1"}]""")]
    [InlineData("""{"patch":null,"inc":null,"if":null}""", 0, """[{"id":"1"}]""")]
    public async Task AMissingItemIsCreatedAndTheReplyCountsTheIds(string update, int count, string after)
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync(path, """{"insert":[{"id":"1"}]}""");
        Assert.Equal(count, (int)(await client.PutAsync(path, update))["data"]!);
        Assert.Equal(after, await ItemsAsync(path));
    }

    [Theory]
    [InlineData("""{"patch":[{"id":"1","a":1}]}""")]
    [InlineData("""{"patch":[{"id":"1","c":null}]}""")]
    [InlineData("""{"patch":[{"id":"1","b":{"x":1.0}}]}""")]
    [InlineData("""{"patch":[{"id":"1"}]}""")]
    [InlineData("""{"inc":[{"id":"1","path":"a","by":0}]}""")]
    public async Task APatchOrAnIncrementThatChangesNothingIsWithoutEffect(string update)
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync(path, """{"insert":[{"id":"1","a":1,"b":{"x":1.0}}]}""");
        await client.PutAsync("/subs", $$"""{"insert":[["{{path}}",{}]]}""");
        await client.NotificationAsync();
        var reply = await client.PutAsync(path, update);
        Assert.Equal((true, 1, 1), ((bool)reply["ok"]!, (int)reply["data"]!, (int)reply["rev"]!));
        Assert.Equal(0, client.KeptNotifications);
    }

    [Fact]
    public async Task SubscribersReceiveTheResultingItems()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync(path, """{"insert":[{"id":"1","a":1}]}""");
        await client.PutAsync("/subs", $$"""{"insert":[["{{path}}",{}]]}""");
        await client.NotificationAsync();
        Assert.Equal(2, (int)(await client.PutAsync(path, """{"patch":[{"id":"1","b":2}]}"""))["rev"]!);
        Assert.Equal(
            """{"reset":false,"remove":[],"insert":[{"id":"1","a":1,"b":2}]}""", (await client.NotificationAsync())["data"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"patch":{}}""", "\"patch\" is a list")]
    [InlineData("""{"patch":["x"]}""", "patch[0]: an item is an object with an \"id\"")]
    [InlineData("""{"patch":[{"id":"1"},{"a":1}]}""", "patch[1]: the item has no \"id\"")]
    [InlineData("""{"patch":[{"id":"1","id":"2"}]}""", "patch[0]: the item has two fields \"id\"")]
    [InlineData("""{"inc":1}""", "\"inc\" is a list")]
    [InlineData("""{"inc":[1]}""", "inc[0]: an increment is an object with \"id\", \"path\" and \"by\"")]
    [InlineData("""{"inc":[{"id":"1","path":"a"}]}""", "inc[0]: an increment has an \"id\", a \"path\" and a number \"by\"")]
    [InlineData("""{"inc":[{"id":1,"path":"a","by":1}]}""", "inc[0].id: an id is a string, without lone surrogates")]
    [InlineData("""{"inc":[{"id":"1","path":1,"by":1}]}""", "inc[0].path: a path is a string, without lone surrogates")]
    [InlineData("""{"inc":[{"id":"1","path":"","by":1}]}""", "inc[0].path: a path consists of names with a dot between two of them")]
    [InlineData("""{"inc":[{"id":"1","path":"a..b","by":1}]}""", "inc[0].path: a path consists of names with a dot between two of them")]
    [InlineData("""{"inc":[{"id":"1","path":"id","by":1}]}""", "inc[0].path: the id of an item cannot change")]
    [InlineData("""{"inc":[{"id":"1","path":"a","by":"1"}]}""", "inc[0].by: a number of at most 400 characters is needed")]
    [InlineData("""{"inc":[{"id":"1","path":"a","path":"b","by":1}]}""", "inc[0]: the field \"path\" comes twice")]
    [InlineData("""{"inc":[{"id":"2","path":"n","by":1},{"id":"1","path":"text","by":1}]}""", "inc[1].path: \"text\" is not a number")]
    [InlineData("""{"inc":[{"id":"1","path":"none","by":1}]}""", "inc[0].path: \"none\" is not a number")]
    [InlineData("""{"inc":[{"id":"1","path":"none.x","by":1}]}""", "inc[0].path: \"none\" is no object and no array")]
    [InlineData("""{"inc":[{"id":"1","path":"id.x","by":1}]}""", "inc[0].path: \"id\" is no object and no array")]
    [InlineData("""{"inc":[{"id":"1","path":"list.2","by":1}]}""", "inc[0].path: the array at \"list\" has no element 2")]
    [InlineData("""{"inc":[{"id":"1","path":"list.x","by":1}]}""", "inc[0].path: the array at \"list\" has no element x")]
    [InlineData("""{"inc":[{"id":"1","path":"list.01","by":1}]}""", "inc[0].path: the array at \"list\" has no element 01")]
    [InlineData("""{"inc":[{"id":"1","path":"list.0\u0000","by":1}]}""", "inc[0].path: the array at \"list\" has no element 0\0")]
    [InlineData("""{"inc":[{"id":"1","path":"big","by":1e308}]}""", "inc[0].path: the sum is not finite")]
    [InlineData("""{"inc":[{"id":"1","path":"new","by":1e999}]}""", "inc[0].path: the sum is not finite")]
    public async Task AWrongEditIsRefusedSaysWhereAndChangesNothing(string update, string sentence)
    {
        const string Item = """{"id":"1","text":"x","none":null,"list":[1,2],"big":1.7e308}""";
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync(path, $$"""{"insert":[{{Item}}]}""");
        AssertRefusal(await client.PutAsync(path, $$"""{"insert":[{"id":"other"}],{{update[1..]}}"""), "bad_request", sentence);
        Assert.Equal($"[{Item}]", await ItemsAsync(path));
    }

    [Fact]
    public async Task AnItemThatAPatchMakesTooLargeIsRefused()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { ItemBytes = 100 });
        await using var client = await Client.ConnectAsync(host.Url);
        var text = new string('x', 60);
        await client.PutAsync("/app/items/a", $$"""{"insert":[{"id":"1","a":"{{text}}"}]}""");
        var update = $$"""{"insert":[{"id":"2"}],"patch":[{"id":"2","a":1},{"id":"1","b":"{{text}}"}]}""";
        AssertRefusal(await client.PutAsync("/app/items/a", update), "too_large", "patch[1]: an item has at most 100 bytes; this one would have ");
        Assert.Single((await client.GetAsync("/app/items/a"))["data"]!.AsArray());
        Assert.True((bool)(await client.PutAsync("/app/items/a", """{"patch":[{"id":"1","a":"short"}]}"""))["ok"]!);
    }

    [Theory]
    [InlineData("patch", """{"id":"1","n":1}""")]
    [InlineData("inc", """{"id":"1","path":"n","by":1}""")]
    public async Task ManyEditsOfALargeItemAreRefused(string field, string edit)
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var item = $$"""{"id":"1","text":"{{new string('x', 1_000_000)}}","n":0}""";
        await client.PutAsync(path, $$"""{"insert":[{{item}}]}""");
        var edits = string.Join(',', Enumerable.Repeat(edit, 40));
        AssertRefusal(
            await client.PutAsync(path, $$"""{"insert":[{"id":"other"}],"{{field}}":[{{edits}}]}"""), "limit",
            $"{field}[{(field == "inc" ? 17 : 32)}]: an update's patches and increments read at most 32 MiB of items");
        Assert.Equal($"[{item}]", await ItemsAsync(path));
    }

    [Fact]
    public async Task TheLimitOfAnItemHoldsForItsTextAlone()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { ItemBytes = 100 });
        await using var client = await Client.ConnectAsync(host.Url);
        var text = new string('x', 100 - """{"id":"1","a":""}""".Length);
        foreach (var update in new[]
        {
            $$"""{"insert":[{"id":"1"}],"patch":[{"id":"1","a":"{{text}}"}],"ttl":1000}""",
            """{"patch":[{"id":"1"}],"ephemeral":true}""",
            """{"patch":[{"id":"1"}],"ttl":1000}""",
        })
        {
            var reply = await client.PutAsync("/app/items/a", update);
            Assert.True((bool)reply["ok"]!, reply.ToJsonString());
        }
        AssertRefusal(
            await client.PutAsync("/app/items/a", """{"patch":[{"id":"1","b":1}]}"""), "too_large",
            "patch[0]: an item has at most 100 bytes; this one would have 106");
    }

    [Fact]
    public async Task AStorageReceivesNoRemovalOfAnItemThatAPatchCreatesAgain()
    {
        var storage = new MemoryStorage();
        var removed = new List<string>();
        storage.Applied = (update, _) => removed.AddRange(update.Remove);
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/app/items/a", """{"insert":[{"id":"1","a":1},{"id":"2"}]}""");
        await client.PutAsync("/app/items/a", """{"remove":["1","2"],"patch":[{"id":"1","c":2}]}""");
        Assert.Equal(["2"], removed);
    }

    [Fact]
    public void PatchesAndSumsOfRandomDocumentsAreThoseOfAPlainEvaluation()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var run = 0; run < 2_000; run++)
        {
            var (target, patch) = ($$"""{"id":"1","m":{{Value(4)}}}""", $$"""{"id":"1","m":{{Value(4)}}}""");
            var merged = MergePatch.Apply(Encoding.UTF8.GetBytes(target), Encoding.UTF8.GetBytes(patch));
            var expected = PlainMerge.Merge(target, patch);
            var got = merged is null ? target : Encoding.UTF8.GetString(merged);
            Assert.True(PlainMerge.Same(expected, got), $"seed {seed}: {target} and {patch} gave {got}");
        }

        string Value(int depth) => random.Next(depth > 0 ? 7 : 4) switch
        {
            0 => "null",
            1 => $"{random.Next(-5, 5)}",
            2 => "\"x\\u00e4\"",
            3 => "true",
            4 => $"[{string.Join(" , ", Enumerable.Range(0, random.Next(3)).Select(_ => Value(depth - 1)))}]",
            _ => $"{{{string.Join(" ,", Enumerable.Range(0, random.Next(5)).Select(n => $"\"{"abcd"[random.Next(4)]}{n}\" :{Value(depth - 1)}"))}}}",
        };
    }

    private async Task<string> EditedAsync(string item, string update)
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync(path, $$"""{"insert":[{{item}}]}""");
        var reply = await client.PutAsync(path, update);
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
        return await ItemsAsync(path);
    }

    /// <summary>The items as they stand in the message.</summary>
    private async Task<string> ItemsAsync(string path)
    {
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        await socket.SendAsync($$"""{"type":"REQUEST","cmd":"GET","path":"{{path}}"}""");
        var text = await socket.ReceiveTextAsync();
        return text[(text.IndexOf("\"data\":", StringComparison.Ordinal) + 7)..^1];
    }
}

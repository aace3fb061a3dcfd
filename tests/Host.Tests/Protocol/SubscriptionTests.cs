using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Protocol.RefusalTests;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Section 4 of the protocol: what a connection subscribes to, and what it is told.</summary>
public sealed class SubscriptionTests(SharedHost shared) : IClassFixture<SharedHost>
{
    [Fact]
    public async Task AfterTheReplyEachInsertedPathGetsOneResetInOrder()
    {
        var app = shared.NewApp();
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync($"/{app}/items/b", """{"insert":[{"id":"1"}]}""");
        var reply = await client.PutAsync(
            "/subs", $$"""{"insert":[["/{{app}}/items/a",{}],["/{{app}}/items/b",{}],["/{{app}}/other/c"],["/{{app}}/items/d",null]]}""");
        Assert.Equal(0, client.KeptNotifications);
        var list = $$"""[["/{{app}}/items/a",{}],["/{{app}}/items/b",{}],["/{{app}}/other/c",{}],["/{{app}}/items/d",{}]]""";
        Assert.Equal(list, reply["data"]!.ToJsonString());
        Assert.Null(reply["errors"]);
        var firsts = new Dictionary<string, string>();
        for (var count = 0; count < 4; count++)
        {
            var first = await client.NotificationAsync();
            firsts.Add((string)first["path"]!, first["data"]!.ToJsonString());
            Assert.Null(first["prev"]);
        }
        Assert.Equal("""{"reset":true,"remove":[],"insert":[]}""", firsts[$"/{app}/items/a"]);
        Assert.Equal("""{"reset":true,"remove":[],"insert":[{"id":"1"}]}""", firsts[$"/{app}/items/b"]);
        Assert.Equal(4, firsts.Count);
        Assert.Equal(list, (await client.GetAsync("/subs"))["data"]!.ToJsonString());
        Assert.Equal(0, client.KeptNotifications);
    }

    [Fact]
    public async Task AnotherPutReplacesAllSubscriptions()
    {
        var app = shared.NewApp();
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["/{{app}}/items/a",{}],["/{{app}}/items/b",{}]]}""");
        await client.NotificationAsync();
        await client.NotificationAsync();
        var reply = await client.PutAsync("/subs", $$"""{"insert":[["/{{app}}/items/b",{"again":1}]]}""");
        Assert.Equal($$"""[["/{{app}}/items/b",{"again":1}]]""", reply["data"]!.ToJsonString());
        Assert.True((bool)(await client.NotificationAsync())["data"]!["reset"]!);
        await client.PutAsync($"/{app}/items/a", """{"insert":[{"id":"1"}]}""");
        await client.PutAsync($"/{app}/items/b", """{"insert":[{"id":"1"}]}""");
        Assert.Equal(1, client.KeptNotifications);
        Assert.Equal($"/{app}/items/b", (string?)(await client.NotificationAsync())["path"]);

        Assert.Equal("[]", (await client.PutAsync("/subs", "{}"))["data"]!.ToJsonString());
        await client.PutAsync($"/{app}/items/b", """{"insert":[{"id":"2"}]}""");
        Assert.Equal(0, client.KeptNotifications);
    }

    [Fact]
    public async Task AnIncrementalPutAddsChangesAndDrops()
    {
        var app = shared.NewApp();
        string a = $"/{app}/items/a", b = $"/{app}/items/b", c = $"/{app}/other/c";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["{{a}}",{}],["{{b}}",{}]]}""");
        await client.NotificationAsync();
        await client.NotificationAsync();
        var reply = await client.PutAsync(
            "/subs", $$"""{"reset":false,"insert":[["{{c}}",{}],["{{b}}",{"x":2}]],"remove":["{{a}}","/never/subscribed/to"]}""");
        Assert.Equal(
            [(b, "{\"x\":2}"), (c, "{}")], reply["data"]!.AsArray().Select(pair => ((string)pair![0]!, pair[1]!.ToJsonString())).Order());
        string[] told = [(string)(await client.NotificationAsync())["path"]!, (string)(await client.NotificationAsync())["path"]!];
        Assert.Equal([b, c], told.Order());
        foreach (var path in (string[])[a, b, c]) await client.PutAsync(path, """{"insert":[{"id":"1"}]}""");
        Assert.Equal(2, client.KeptNotifications);
        Assert.Equal(2, (await client.PutAsync("/subs", """{"reset":false}"""))["data"]!.AsArray().Count);
    }

    [Fact]
    public async Task EachSpellingIsASubscriptionAndIsNotifiedAsItWasSpelled()
    {
        var app = shared.NewApp();
        string[] spellings = [$"/{app}/items/a", $"{app}/items/a", $"//{app}/items/a/", $"/{app}//items/a"];
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync("/subs", $$"""{"insert":[{{string.Join(',', spellings.Select(spelling => $"[\"{spelling}\",{{}}]"))}}]}""");
        foreach (var _ in spellings) await client.NotificationAsync();
        await client.PutAsync(spellings[0], """{"insert":[{"id":"1"}]}""");
        Assert.Equal(spellings.Length, client.KeptNotifications);
        var told = new List<string>();
        foreach (var _ in spellings) told.Add((string)(await client.NotificationAsync())["path"]!);
        Assert.Equal(spellings.Order(), told.Order());

        await client.PutAsync("/subs", $$"""{"reset":false,"remove":["{{spellings[1]}}"]}""");
        await client.PutAsync(spellings[1], """{"insert":[{"id":"2"}]}""");
        Assert.Equal(spellings.Length - 1, client.KeptNotifications);
    }

    [Fact]
    public async Task OptionsComeBackAsTheyWereSentLessThePosition()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        foreach (
            var (sent, kept) in new[]
            {
                ("""{"since":3,"epoch":"e"}""", "{}"),
                ("""{ "x" : [ 1.00 ], "since":3,"epoch":"e","y":{"since":4} }""", """{"x" : [ 1.00 ],"y":{"since":4}}"""),
                (
                    """{"epoch":null,"conflate":true,"maxRate":1e2,"since":null,"unknown":"\u00e4\ud800"}""",
                    """{"conflate":true,"maxRate":1e2,"unknown":"\u00e4\ud800"}"""),
                ("""{"\u0073ince":0,"conflate":null,"maxRate":null}""", """{"conflate":null,"maxRate":null}"""),
            }
        )
        {
            await socket.SendAsync($$$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[["{{{path}}}",{{{sent}}}]]}}""");
            Assert.EndsWith($$"""data":[["{{path}}",{{kept}}]]}""", await socket.ReceiveTextAsync());
            await socket.ReceiveTextAsync();
        }
    }

    [Fact]
    public async Task WhatCannotBeSubscribedToIsListedAndTheOthersTakeEffect()
    {
        var app = shared.NewApp();
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var reply = await client.PutAsync(
            "/subs",
            $$"""{"insert":[["/{{app}}/none/a",{}],["/{{app}}/items/a",{}],["/{{app}}",{}],["/{{app}}/items/.b",{}],["/{{app}}/down/a",{}],["/{{app}}/items/b",{"maxRate":0}]]}"""
        );
        Assert.True((bool)reply["ok"]!);
        Assert.Equal($$"""[["/{{app}}/items/a",{}]]""", reply["data"]!.ToJsonString());
        Assert.Equal(
            [$"/{app}/none/a not_found", $"/{app} bad_request", $"/{app}/items/.b bad_request", $"/{app}/down/a unavailable", $"/{app}/items/b bad_request"],
            reply["errors"]!.AsArray().Select(pair => $"{pair![0]} {pair[1]!["code"]}"));
        Assert.All(reply["errors"]!.AsArray(), pair => Assert.NotEmpty((string)pair![1]!["message"]!));
        Assert.Equal($"/{app}/items/a", (string?)(await client.NotificationAsync())["path"]);
        Assert.Single((await client.GetAsync("/subs"))["data"]!.AsArray());
    }

    [Fact]
    public async Task IfAllPathsFailNothingChanges()
    {
        var app = shared.NewApp();
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["/{{app}}/items/a",{}]]}""");
        await client.NotificationAsync();
        foreach (var reset in (string[])["", "\"reset\":false,", "\"reset\":true,"])
        {
            var reply = await client.PutAsync(
                "/subs", $$"""{{{reset}}"remove":["/{{app}}/items/a"],"insert":[["/{{app}}/none/a",{}],["/{{app}}",{}]]}""");
            Assert.Equal("no service", (string?)reply["data"]);
            AssertRefusal(reply, "not_found", "no service");
            Assert.Equal(2, reply["errors"]!.AsArray().Count);
        }
        Assert.Equal($$"""[["/{{app}}/items/a",{}]]""", (await client.GetAsync("/subs"))["data"]!.ToJsonString());
        await client.PutAsync($"/{app}/items/a", """{"insert":[{"id":"1"}]}""");
        Assert.Equal(1, client.KeptNotifications);
    }

    [Theory]
    [InlineData("""[]""", "the \"arg\" of a PUT on /subs is an object with \"insert\"")]
    [InlineData("""{"insert":{}}""", "\"insert\" is a list of [path, options]")]
    [InlineData("""{"insert":["/a/items/b"]}""", "insert[0]: a subscription is [path, options], a string and an object")]
    [InlineData("""{"insert":[["/a/items/b"],[]]}""", "insert[1]: a subscription is [path, options], a string and an object")]
    [InlineData("""{"insert":[[7,{}]]}""", "insert[0]: a subscription is [path, options], a string and an object")]
    [InlineData("""{"insert":[["/a/items/\ud800",{}]]}""", "insert[0]: a subscription is [path, options], a string and an object")]
    [InlineData("""{"insert":[["/a/items/b",7]]}""", "insert[0]: a subscription is [path, options], a string and an object")]
    [InlineData("""{"insert":[["/a/items/b",[]]]}""", "insert[0]: a subscription is [path, options], a string and an object")]
    [InlineData("""{"insert":[["/a/items/b",{},{}]]}""", "insert[0]: a subscription is [path, options], a string and an object")]
    [InlineData("""{"insert":[["/a/items/b",null,1]]}""", "insert[0]: a subscription is [path, options], a string and an object")]
    [InlineData("""{"insert":[],"insert":[]}""", "the field \"insert\" comes twice")]
    [InlineData("""{"remove":[],"remove":[]}""", "the field \"remove\" comes twice")]
    [InlineData("""{"reset":false,"reset":false}""", "the field \"reset\" comes twice")]
    [InlineData("""{"reset":0}""", "\"reset\" is true or false")]
    [InlineData("""{"remove":"/a/items/b"}""", "\"remove\" is a list of paths")]
    [InlineData("""{"remove":["/a/items/b",null]}""", "remove[1]: a subscription is a path, or ")]
    [InlineData("""{"insert":[["/a/items/b",{"since":"3"}]]}""", "\"since\" is a whole number")]
    [InlineData("""{"insert":[["/a/items/b",{"since":1.5}]]}""", "\"since\" is a whole number")]
    [InlineData("""{"insert":[["/a/items/b",{"since":[]}]]}""", "\"since\" is a whole number")]
    [InlineData("""{"insert":[["/a/items/b",{"epoch":3}]]}""", "\"epoch\" is a string")]
    [InlineData("""{"insert":[["/a/items/b",{"epoch":"\ud800"}]]}""", "\"epoch\" is a string")]
    [InlineData("""{"insert":[["/a/items/b",{"conflate":1}]]}""", "\"conflate\" is true or false")]
    [InlineData("""{"insert":[["/a/items/b",{"maxRate":"1"}]]}""", "\"maxRate\" is a number of notifications a second, from 0.2 to 1000")]
    [InlineData("""{"insert":[["/a/items/b",{"maxRate":0}]]}""", "\"maxRate\" is a number of notifications a second, from 0.2 to 1000")]
    [InlineData(
        """{"insert":[["/a/items/b",{"maxRate":1e-300}]]}""", "\"maxRate\" is a number of notifications a second, from 0.2 to 1000")]
    [InlineData("""{"insert":[["/a/items/b",{"maxRate":1e999}]]}""", "\"maxRate\" is a number of notifications a second, from 0.2 to 1000")]
    [InlineData("""{"insert":[["/a/items/b",{"maxRate":-1}]]}""", "\"maxRate\" is a number of notifications a second, from 0.2 to 1000")]
    public async Task AWrongChangeIsRefusedAndSaysWhatIsWrong(string change, string sentence)
    {
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        AssertRefusal(await client.PutAsync("/subs", change), "bad_request", sentence);
        Assert.Equal("[]", (await client.GetAsync("/subs"))["data"]!.ToJsonString());
    }
}

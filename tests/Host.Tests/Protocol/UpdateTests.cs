using System.Text;
using System.Text.Json;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Protocol.RefusalTests;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Section 3 of the protocol: items, and what an update does.</summary>
public sealed class UpdateTests(SharedHost shared) : IClassFixture<SharedHost>
{
    [Theory] // what is there, the update, what is there then, the reply's count
    [InlineData("""[]""", """{}""", """[]""", 0)]
    [InlineData("""[]""", """{"insert":null,"remove":null,"reset":null}""", """[]""", 0)]
    [InlineData("""[]""", """{"insert":[{"id":"a"},{"id":"b"}]}""", """[{"id":"a"},{"id":"b"}]""", 2)]
    [InlineData("""[]""", """{"insert":[{"id":"a","v":1},{"id":"b"},{"id":"a","v":2}]}""", """[{"id":"a","v":2},{"id":"b"}]""", 2)]
    [InlineData("""[{"id":"a"},{"id":"b"}]""", """{"remove":["a"]}""", """[{"id":"b"}]""", 1)]
    [InlineData("""[{"id":"a"},{"id":"b"}]""", """{"remove":["a","a","x"]}""", """[{"id":"b"}]""", 2)]
    [InlineData("""[{"id":"a"}]""", """{"remove":["x"]}""", """[{"id":"a"}]""", 1)]
    [InlineData("""[{"id":"a","v":1}]""", """{"remove":["a"],"insert":[{"id":"a","v":2}]}""", """[{"id":"a","v":2}]""", 1)]
    [InlineData("""[{"id":"a","v":1}]""", """{"insert":[{"id":"a","v":2}],"remove":["a","b"]}""", """[{"id":"a","v":2}]""", 2)]
    [InlineData("""[{"id":"a"},{"id":"b"}]""", """{"reset":true,"remove":["a","x"],"insert":[{"id":"c"}]}""", """[{"id":"c"}]""", 1)]
    [InlineData("""[{"id":"a"},{"id":"b"}]""", """{"reset":true}""", """[]""", 0)]
    [InlineData("""[{"id":"a"}]""", """{"reset":true,"remove":["x"]}""", """[]""", 0)]
    [InlineData("""[{"id":"a","v":{"b":1}}]""", """{"insert":[{"id":"a"}]}""", """[{"id":"a"}]""", 1)]
    [InlineData("""[{"id":"a"}]""", """{"reset":false,"else":[1],"insert":[]}""", """[{"id":"a"}]""", 0)]
    public async Task AnUpdateDoesWhatItSays(string before, string update, string after, int count)
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync(path, $$"""{"insert":{{before}}}""");
        var reply = await client.PutAsync(path, update);
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
        Assert.Equal(count, (int)reply["data"]!);
        Assert.Equal(after, (await client.GetAsync(path))["data"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"id":"1"}""")]
    [InlineData("""{ "z" : 1.00, "a":1e5 ,"id":"1","10":0,"2":-0 }""")]
    [InlineData("""{"big":123456789012345678901234567890.000,"tiny":1E-400,"id":"1"}""")]
    [InlineData("""{"text":"\u00e4 ä \/ \ud83d\ude00 \u0000 \ud800","id":"1","\ud800":1}""")]
    [InlineData("""{"id":"1","twice":1,"twice":2,"":{"":[[],{},null,true,""]}}""")]
    [InlineData("{\n\t\"id\": \"1\"\r\n}")]
    public async Task AnItemGoesOutByteByByteAsItCameIn(string item)
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        await socket.SendAsync($$$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[["{{{path}}}",{}]]}}""");
        await socket.ReceiveTextAsync();
        await socket.ReceiveTextAsync();
        await socket.SendAsync($$$"""{"type":"REQUEST","cmd":"PUT","path":"{{{path}}}","arg":{"insert":[{{{item}}}]}}""");
        Assert.EndsWith($"\"insert\":[{item}]}}}}", await socket.ReceiveTextAsync());
        await socket.ReceiveTextAsync();
        await socket.SendAsync($$"""{"type":"REQUEST","cmd":"GET","path":"{{path}}"}""");
        Assert.EndsWith($"\"data\":[{item}]}}", await socket.ReceiveTextAsync());
    }

    [Fact]
    public async Task IdsAreComparedByCodePointAndMayBeAnything()
    {
        string[] ids = ["a", "A", "a ", " a", "ä", "a\u0308", "ａ", "\0", "\n", "\u001f", " ", "\"", "\\", "/", "../x", "😀", "\uffff", "\u2028", "id", "null", "1", "01", "1.0", "<script>", "'; --"];
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["{{path}}",{}]]}""");
        await client.NotificationAsync();
        foreach (var id in ids)
            Assert.True((bool)(await client.PutAsync(path, $$"""{"insert":[{"id":{{JsonSerializer.Serialize(id)}}}]}"""))["ok"]!);
        Assert.Equal(ids, (await client.GetAsync(path))["data"]!.AsArray().Select(item => (string)item!["id"]!));
        foreach (var _ in ids) await client.NotificationAsync();
        foreach (var id in ids)
        {
            await client.PutAsync(path, $$"""{"remove":[{{JsonSerializer.Serialize(id)}}]}""");
            Assert.Equal([id], (await client.NotificationAsync())["data"]!["remove"]!.AsArray().Select(removed => (string)removed!));
        }
        Assert.Empty((await client.GetAsync(path))["data"]!.AsArray());
    }

    [Theory]
    [InlineData("""[]""", "the \"arg\" of a PUT on a collection is an object")]
    [InlineData("""null""", "the \"arg\" of a PUT on a collection is an object")]
    [InlineData("""{"insert":{"id":"1"}}""", "\"insert\" is a list")]
    [InlineData("""{"remove":"1"}""", "\"remove\" is a list")]
    [InlineData("""{"reset":"yes"}""", "\"reset\" is true or false")]
    [InlineData("""{"insert":[],"insert":[]}""", "the field \"insert\" comes twice")]
    [InlineData("""{"remove":[],"remove":[]}""", "the field \"remove\" comes twice")]
    [InlineData("""{"reset":false,"reset":true}""", "the field \"reset\" comes twice")]
    [InlineData("""{"insert":["1"]}""", "insert[0]: an item is an object with an \"id\"")]
    [InlineData("""{"insert":[{"id":"1"},null]}""", "insert[1]: an item is an object with an \"id\"")]
    [InlineData("""{"insert":[{}]}""", "insert[0]: the item has no \"id\"")]
    [InlineData("""{"insert":[{"ID":"1"}]}""", "insert[0]: the item has no \"id\"")]
    [InlineData("""{"insert":[{"id":1}]}""", "insert[0]: an id is a string, without lone surrogates")]
    [InlineData("""{"insert":[{"id":null}]}""", "insert[0]: an id is a string, without lone surrogates")]
    [InlineData("""{"insert":[{"id":{"id":"1"}}]}""", "insert[0]: an id is a string, without lone surrogates")]
    [InlineData("""{"insert":[{"id":"\ud800"}]}""", "insert[0]: an id is a string, without lone surrogates")]
    [InlineData("""{"insert":[{"id":"x\udc00\ud800"}]}""", "insert[0]: an id is a string, without lone surrogates")]
    [InlineData("""{"insert":[{"id":"1","v":2,"\u0069d":"1"}]}""", "insert[0]: the item has two fields \"id\"")]
    [InlineData("""{"insert":[{"id":""}]}""", "insert[0]: an id has 1-1024 bytes of UTF-8; this one has 0")]
    [InlineData("""{"remove":["1",""]}""", "remove[1]: an id has 1-1024 bytes of UTF-8; this one has 0")]
    [InlineData("""{"remove":[1]}""", "remove[0]: an id is a string, without lone surrogates")]
    [InlineData("""{"remove":[["1"]]}""", "remove[0]: an id is a string, without lone surrogates")]
    public async Task AWrongUpdateIsRefusedAndSaysWhatIsWrong(string update, string sentence)
    {
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        AssertRefusal(await client.PutAsync($"/{shared.NewApp()}/items/a", update), "bad_request", sentence);
    }

    [Fact]
    public async Task AnUpdateWithoutEffectIsAnsweredAndNotifiesNobody()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["{{path}}",{}]]}""");
        Assert.True((bool)(await client.NotificationAsync())["data"]!["reset"]!);
        foreach (
            var (update, count) in new[] { ("{}", 0), ("""{"remove":["x","y"]}""", 2), ("""{"reset":true}""", 0), ("""{"insert":[]}""", 0) }
        )
        {
            var reply = await client.PutAsync(path, update);
            Assert.True((bool)reply["ok"]!);
            Assert.Equal((count, 0), ((int)reply["data"]!, (int)reply["rev"]!));
        }
        Assert.Equal(0, client.KeptNotifications);
        await client.PutAsync(path, """{"insert":[{"id":"1"}]}""");
        var next = await client.NotificationAsync();
        Assert.Equal((1, 0), ((int)next["rev"]!, (int)next["prev"]!));
    }

    [Fact]
    public async Task WhoAwaitsAnUpdateHasSeenItsNotification()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        await socket.SendAsync(
            $$$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[["{{{path}}}",{}],["{{{path}}}/",{}]]}}""");
        for (var skipped = 0; skipped < 3; skipped++) await socket.ReceiveTextAsync();
        for (var number = 1; number <= 100; number++)
        {
            await socket.SendAsync(
                $$"""{"type":"REQUEST","cmd":"PUT","path":"{{path}}","arg":{"insert":[{"id":"{{number}}"}]},"tunnel":{{number}}}""");
            foreach (var kind in (string[])["MESSAGE", "MESSAGE", "REPLY"])
            {
                var message = await socket.ReceiveAsync();
                Assert.Equal((kind, number), ((string)message["type"]!, (int)message["rev"]!));
            }
        }
    }

    [Fact]
    public async Task AnIdOf1024BytesIsKeptAndOneMoreIsRefused()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        foreach (var id in (string[])[new('a', 1_024), new('ä', 512), string.Concat(Enumerable.Repeat("😀", 256))])
        {
            Assert.Equal(1_024, Encoding.UTF8.GetByteCount(id));
            Assert.True((bool)(await client.PutAsync(path, $$"""{"insert":[{"id":"{{id}}"}]}"""))["ok"]!);
            AssertRefusal(
                await client.PutAsync(path, $$"""{"insert":[{"id":"{{id}}a"}]}"""), "bad_request",
                "insert[0]: an id has 1-1024 bytes of UTF-8; this one has 1025");
            AssertRefusal(
                await client.PutAsync(path, $$"""{"remove":["{{id}}a"]}"""), "bad_request",
                "remove[0]: an id has 1-1024 bytes of UTF-8; this one has 1025");
            Assert.Equal(1, (int)(await client.PutAsync(path, $$"""{"remove":["{{id}}"]}"""))["data"]!);
        }
        Assert.Empty((await client.GetAsync(path))["data"]!.AsArray());
    }
}

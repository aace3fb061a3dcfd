using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Protocol;

/// <summary>What is wrong gets exactly one reply, which says so and carries what could be read; and nothing changes.</summary>
public sealed class RefusalTests(SharedHost shared) : IClassFixture<SharedHost>
{
    private const string Json = "the message is not JSON; line";

    [Theory]
    [InlineData("", null, null, Json + " 1, byte 1")]
    [InlineData(" ", null, null, Json)]
    [InlineData("\0", null, null, Json)]
    [InlineData("hello", null, null, Json + " 1, byte 1")]
    [InlineData("{", null, null, Json)]
    [InlineData("{\n\"tunnel\":1,\n x}", null, "1", Json + " 3, byte 2")]
    [InlineData("{'type':'REQUEST'}", null, null, Json)]
    [InlineData("{\"cmd\":\"GET\",\"tunnel\":[1],}", "\"GET\"", "[1]", Json)]
    [InlineData("{\"cmd\":\"GET\",\"tunnel\":\"t\"", "\"GET\"", "\"t\"", Json)]
    [InlineData("{\"type\":\"REQUEST\",\"cmd\":\"GET\",\"path\":\"/\",\"tunnel\":1} x", "\"GET\"", "1", Json)]
    [InlineData("{\"type\":\"REQUEST\",\"cmd\":\"GET\",\"path\":\"/\",\"tunnel\":1}{}", "\"GET\"", "1", Json)]
    [InlineData("{\"tunnel\":1,\"path\":\"\\x\"}", null, "1", Json)]
    [InlineData("{\"tunnel\":01}", null, null, Json)]
    [InlineData("\uFEFF{\"tunnel\":1}", null, null, Json)]
    [InlineData("null", null, null, "a message is a JSON object")]
    [InlineData("[]", null, null, "a message is a JSON object")]
    [InlineData("\"REQUEST\"", null, null, "a message is a JSON object")]
    [InlineData("{}", null, null, "a message's \"type\" is \"REQUEST\"")]
    [InlineData("{\"tunnel\":{\"a\":1},\"cmd\":\"x\"}", "\"x\"", "{\"a\":1}", "a message's \"type\" is \"REQUEST\"")]
    [InlineData("{\"type\":\"request\",\"tunnel\":1}", null, "1", "a message's \"type\" is \"REQUEST\"")]
    [InlineData("{\"type\":\"\\ud800\",\"tunnel\":1}", null, "1", "a message's \"type\" is \"REQUEST\"")]
    [InlineData("{\"type\":[\"REQUEST\"],\"tunnel\":1}", null, "1", "a message's \"type\" is \"REQUEST\"")]
    [InlineData("{\"type\":\"REPLY\",\"tunnel\":1,\"cmd\":\"GET\"}", "\"GET\"", "1", "a message's \"type\" is \"REQUEST\"")]
    [InlineData("{\"type\":\"REQUEST\",\"path\":\"/\"}", null, null, "a request's \"cmd\" is \"GET\" or \"PUT\"")]
    [InlineData("{\"type\":\"REQUEST\",\"path\":\"/\",\"cmd\":\"get\"}", "\"get\"", null, "a request's \"cmd\" is \"GET\" or \"PUT\"")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"path\":\"/\",\"cmd\":\"\\ud800\"}", "\"\\ud800\"", null, "a request's \"cmd\" is \"GET\" or \"PUT\"")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"path\":\"/\",\"cmd\":{\"GET\":1},\"tunnel\":2}", null, "2", "a request's \"cmd\" is \"GET\" or \"PUT\"")]
    [InlineData("{\"type\":\"REQUEST\",\"cmd\":\"GET\",\"tunnel\":2}", "\"GET\"", "2", "a request has a \"path\", a string")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"cmd\":\"GET\",\"path\":null,\"tunnel\":2}", "\"GET\"", "2",
        "a request's \"path\" is a string, without lone surrogates")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"cmd\":\"GET\",\"path\":[\"/\"],\"tunnel\":2}", "\"GET\"", "2",
        "a request's \"path\" is a string, without lone surrogates")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"cmd\":\"GET\",\"path\":\"/a/items/\\udc00\\ud800\",\"tunnel\":2}", "\"GET\"", "2",
        "a request's \"path\" is a string, without lone surrogates")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"type\":\"REQUEST\",\"cmd\":\"GET\",\"path\":\"/\",\"tunnel\":2}", "\"GET\"", "2",
        "the field \"type\" comes twice")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"cmd\":\"GET\",\"\\u0063md\":\"GET\",\"path\":\"/\",\"tunnel\":2}", "\"GET\"", "2",
        "the field \"cmd\" comes twice")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"cmd\":\"GET\",\"path\":\"/\",\"path\":\"/\",\"tunnel\":2}", "\"GET\"", "2",
        "the field \"path\" comes twice")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"cmd\":\"GET\",\"path\":\"/\",\"arg\":1,\"arg\":1,\"tunnel\":2}", "\"GET\"", "2",
        "the field \"arg\" comes twice")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"cmd\":\"GET\",\"path\":\"/\",\"tunnel\":2,\"tunnel\":2}", "\"GET\"", "2",
        "the field \"tunnel\" comes twice")]
    [InlineData("{\"type\":\"REQUEST\",\"cmd\":\"PUT\",\"path\":\"/\",\"tunnel\":2}", "\"PUT\"", "2", "/ can only be read")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"cmd\":\"PUT\",\"path\":\"/clock\",\"arg\":{},\"tunnel\":2}", "\"PUT\"", "2", "/clock can only be read")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"cmd\":\"PUT\",\"path\":\"/a/items/b\",\"tunnel\":2}", "\"PUT\"", "2", "a PUT has an \"arg\", an object")]
    [InlineData(
        "{\"type\":\"REQUEST\",\"cmd\":\"PUT\",\"path\":\"/subs\",\"tunnel\":2}", "\"PUT\"", "2", "a PUT has an \"arg\", an object")]
    public async Task WhateverIsWrongGetsOneReply(string message, string? command, string? tunnel, string sentence)
    {
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        await socket.SendAsync(message);
        await socket.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs","tunnel":"next"}""");
        var text = await socket.ReceiveTextAsync();
        Assert.StartsWith($$"""{"type":"REPLY","cmd":{{command ?? "null"}},"tunnel":{{tunnel ?? "null"}},"ok":false,""", text);
        AssertRefusal(JsonNode.Parse(text)!, "bad_request", sentence);
        Assert.Equal("next", (string?)(await socket.ReceiveAsync())["tunnel"]);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { (byte)'"', 0xC3, (byte)'"' })]        // half a character
    [InlineData(new byte[] { (byte)'"', 0xED, 0xA0, 0x80, (byte)'"' })] // a surrogate
    [InlineData(new byte[] { (byte)'"', 0xC0, 0x80, (byte)'"' })]  // an overlong NUL
    public async Task ABinaryMessageThatIsNotUtf8GetsOneReplyAndATextEndsTheConnectionWith1007(byte[] message)
    {
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        await socket.SendBytesAsync(RawSocket.Frame(RawSocket.Binary, message));
        AssertRefusal(await socket.ReceiveAsync(), "bad_request", "the message is not valid UTF-8");
        Assert.True((bool)(await socket.AskAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs"}"""))["ok"]!);
        await socket.SendBytesAsync(RawSocket.Frame(RawSocket.Text, message));
        Assert.Equal((1007, "a text that is not UTF-8"), await socket.ReceiveCloseAsync());
    }

    [Fact]
    public async Task AnUnknownServiceIsSaidInTheOldWords()
    {
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        foreach (var reply in (JsonNode[])[
            await client.GetAsync("/a/none/b"), await client.PutAsync("/a/none/b", "{}"), await client.GetAsync("/a/none"), await client.GetAsync("/a/Items/b")])
        {
            Assert.Equal("no service", (string?)reply["data"]);
            AssertRefusal(reply, "not_found", "no service");
        }
    }

    [Fact]
    public async Task AServiceThatDoesNotRunIsUnavailable()
    {
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        AssertRefusal(await client.GetAsync("/a/down/b"), "unavailable", "the service is configured but not running", temporary: true);
        AssertRefusal(
            await client.PutAsync("/a/down/b", "{}"), "unavailable", "the service is configured but not running", temporary: true);
    }

    [Fact]
    public async Task ARefusedUpdateChangesNothingAndNotifiesNobody()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["{{path}}",{}]]}""");
        await client.NotificationAsync();
        await client.PutAsync(path, """{"insert":[{"id":"1","v":1}]}""");
        var before = await client.NotificationAsync();

        foreach (var bad in (string[])[
            """{"insert":[{"id":"2"},{"id":3}]}""", """{"remove":["1"],"insert":[7]}""", """{"reset":true,"insert":[{}]}""", """{"remove":["1",""]}""", """{"remove":["1"],"reset":1}"""])
        {
            AssertRefusal(await client.PutAsync(path, bad), "bad_request", "");
        }
        Assert.Equal(0, client.KeptNotifications);
        var get = await client.GetAsync(path);
        Assert.Equal("""[{"id":"1","v":1}]""", get["data"]!.ToJsonString());
        Assert.Equal((long)before["rev"]!, (long)get["rev"]!);
    }

    internal static void AssertRefusal(JsonNode reply, string code, string sentence, bool temporary = false)
    {
        Assert.Equal("REPLY", (string?)reply["type"]);
        Assert.False((bool)reply["ok"]!);
        Assert.StartsWith(sentence, (string?)reply["data"]);
        Assert.Equal(["code", "message", "temporary"], reply["error"]!.AsObject().Select(field => field.Key));
        Assert.Equal(code, (string?)reply["error"]!["code"]);
        Assert.Equal((string?)reply["data"], (string?)reply["error"]!["message"]);
        Assert.Equal(temporary, (bool)reply["error"]!["temporary"]!);
        Assert.DoesNotContain("Exception", (string?)reply["data"]);
    }
}

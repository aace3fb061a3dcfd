using System.Text;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Engine.RawSocket;
using static SharedState.Host.Tests.Protocol.RefusalTests;

namespace SharedState.Host.Tests.Protocol;

/// <summary>What is too large, too deep or too many: exactly at the limit it is taken, one over it is refused.</summary>
public sealed class SizeTests
{
    private const string Path = "/a/items/b";

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task AMessageOfTheMostBytesIsTakenAndOneMoreEndsTheConnection(int fragments)
    {
        await using var host = await LiveHost.StartAsync(limits: new() { MessageBytes = 10_000 });
        await using var socket = await ConnectAsync(host);
        var message = Encoding.UTF8.GetBytes("""{"type":"REQUEST","cmd":"GET","path":"/subs"}""".PadRight(10_000));
        await SendAsync(message);
        Assert.True((bool)(await socket.ReceiveAsync())["ok"]!);
        await SendAsync([.. message, (byte)' ']);
        Assert.Equal((1009, "a message has at most 10000 bytes"), await socket.ReceiveCloseAsync());

        async Task SendAsync(byte[] bytes)
        {
            var size = bytes.Length / fragments;
            for (var part = 0; part < fragments; part++)
            {
                var last = part == fragments - 1;
                await socket.SendBytesAsync(
                    Frame(part == 0 ? Text : Continuation, bytes.AsSpan(part * size, last ? bytes.Length - (part * size) : size), last));
            }
        }
    }

    [Fact]
    public async Task AHeaderThatPromisesTooMuchEndsTheConnectionBeforeAnyOfItComes()
    {
        await using var host = await LiveHost.StartAsync();
        foreach (var promised in (ulong[])[(16UL << 20) + 1, 1UL << 31, 1UL << 40, long.MaxValue])
        {
            await using var socket = await ConnectAsync(host);
            await socket.SendBytesAsync(Frame(Binary, [], promised: promised));
            Assert.Equal((1009, "a message has at most 16777216 bytes"), await socket.ReceiveCloseAsync());
        }
    }

    [Fact]
    public async Task AMessageOfTheMostFragmentsIsTakenAndOneMoreEndsTheConnection()
    {
        await using var host = await LiveHost.StartAsync();
        await using var socket = await ConnectAsync(host);
        byte[] last = Frame(Continuation, """{"type":"REQUEST","cmd":"GET","path":"/subs"}"""u8);
        byte[] parts =
        [
            .. Frame(Text, [], final: false),
            .. Enumerable.Repeat(Frame(Continuation, [], final: false), 1_022).SelectMany(frame => frame),
        ];
        await socket.SendBytesAsync((byte[])[.. parts, .. last]);
        Assert.True((bool)(await socket.ReceiveAsync())["ok"]!);
        await socket.SendBytesAsync((byte[])[.. parts, .. Frame(Continuation, [], final: false), .. last]);
        Assert.Equal((1009, "a message has at most 1024 fragments"), await socket.ReceiveCloseAsync());
    }

    [Fact]
    public async Task UnfinishedMessagesOfAllConnectionsHaveABudgetThatComesBack()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { UnfinishedBytes = 1 << 20 });
        for (var round = 0; round < 5; round++)
        {
            var sockets = new List<RawSocket>();
            await using var probe = await ConnectAsync(host);
            var closed = 0;
            while (closed == 0 && sockets.Count < 20)
            {
                var socket = await ConnectAsync(host);
                sockets.Add(socket);
                // 200 KB as fragments, and 200 KB of a frame: each has a buffer of its own.
                await socket.SendBytesAsync((byte[])[.. Frame(Binary, new byte[200_000], final: false), .. Frame(Ping, [])]);
                if ((await socket.TryReceiveAsync())!.Value.Opcode == Close) closed++;
            }
            Assert.InRange(sockets.Count, 3, 10);
            Assert.True((bool)(await probe.AskAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs"}"""))["ok"]!); // small ones go on
            foreach (var socket in sockets) await socket.DisposeAsync();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (host.Connections > 1) await Task.Delay(5, patience.Token);
            Assert.Equal(0, host.UnfinishedBytes);
        }
    }

    [Theory]
    [InlineData(63, 256, true)]
    [InlineData(64, 1, false)]
    [InlineData(1_000_000, 1, false)]
    [InlineData(1, 257, false)]
    [InlineData(1, 1_000_000, false)]
    public async Task TheEnvelopeMayHave64LevelsAndAnItem256(int tunnel, int item, bool ok)
    {
        var limits = new Limits { ItemBytes = 4 << 20, TunnelBytes = 4 << 20 };
        await using var host = await LiveHost.StartAsync(limits: limits);
        await using var socket = await ConnectAsync(host);
        string[] fields = ["\"type\":\"REQUEST\"", "\"cmd\":\"PUT\"", $"\"path\":\"{Path}\"", $"\"tunnel\":{MessageFuzz.Nested(tunnel)}", $$$"""
            "arg":{"insert":[{"id":"1","v":{{{MessageFuzz.Nested(item - 1)}}}}]}
            """];
        foreach (var order in EnvelopeTests.Permutations(fields).Where((_, index) => index % 17 == 0))
        {
            await socket.SendAsync($"{{{string.Join(',', order)}}}");
            var text = await socket.ReceiveTextAsync();
            Assert.StartsWith(
                $$"""{"type":"REPLY","cmd":"PUT","tunnel":{{MessageFuzz.Nested(tunnel)}},"ok":{{(ok ? "true" : "false")}},""", text);
            if (ok) continue;
            Assert.Contains(
                tunnel > 63
                    ? "the message is nested deeper than 64 levels outside its items"
                    : "insert[0]: an item is nested at most 256 levels deep", text);
        }
        if (!ok) return;
        await socket.SendAsync($$"""{"type":"REQUEST","cmd":"GET","path":"{{Path}}"}""");
        Assert.EndsWith($$$"""{"id":"1","v":{{{MessageFuzz.Nested(item - 1)}}}}]}""", await socket.ReceiveTextAsync());
    }

    [Theory] // levels of the value; the message, arg, the pair and the options stand around it
    [InlineData("/subs", "{\"insert\":[[\"/a/items/b\",{\"x\":?}]]}", 59)]
    [InlineData("/subs", "{\"x\":?}", 62)]
    [InlineData("/a/items/b", "{\"x\":?}", 62)]
    public async Task WhatIsNoItemCountsToTheEnvelopeWhereverItStands(string path, string argument, int most)
    {
        await using var host = await LiveHost.StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        foreach (var (levels, ok) in new[] { (most, true), (most + 1, false) })
        {
            string[] fields = ["\"type\":\"REQUEST\"", "\"cmd\":\"PUT\"", $"\"path\":\"{path}\"", $"\"arg\":{argument.Replace("?", MessageFuzz.Nested(levels), StringComparison.Ordinal)}"];
            foreach (var order in EnvelopeTests.Permutations(fields))
            {
                await client.SendAsync($"{{{string.Join(',', order)}}}");
                var reply = await client.ReceiveAsync();
                while ((string?)reply["type"] != "REPLY") reply = await client.ReceiveAsync();
                Assert.True(ok == (bool)reply["ok"]!, $"{levels} in {string.Join(',', order)[..100]}: {reply}");
            }
        }
    }

    [Fact]
    public async Task AnItemHasAtMostItsBytes()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { ItemBytes = 100 });
        await using var client = await Client.ConnectAsync(host.Url);
        Assert.True((bool)(await client.PutAsync(Path, $$"""{"insert":[{{Item(100)}},{{Item(100)}}]}"""))["ok"]!);
        AssertRefusal(
            await client.PutAsync(Path, $$"""{"insert":[{"id":"2"},{{Item(101)}}]}"""), "too_large",
            "insert[1]: an item has at most 100 bytes; this one has 101");

        static string Item(int bytes) => $$"""{"id":"1","v":"{{new string('x', bytes - 17)}}"}""";
    }

    [Fact]
    public async Task ARequestNamesAtMostSoManyItems()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { RequestItems = 10 });
        await using var client = await Client.ConnectAsync(host.Url);
        foreach (var (inserts, removes, ok) in new[] { (10, 0, true), (0, 10, true), (5, 5, true), (11, 0, false), (0, 11, false), (5, 6,
            false), (100, 100, false) })
        {
            var insert = string.Join(',', Enumerable.Range(0, inserts).Select(number => $$"""{"id":"{{number}}"}"""));
            var remove = string.Join(',', Enumerable.Range(0, removes).Select(number => $"\"r{number}\""));
            var reply = await client.PutAsync(Path, $$"""{"remove":[{{remove}}],"insert":[{{insert}}]}""");
            if (ok) Assert.Equal(inserts + removes, (int)reply["data"]!);
            else AssertRefusal(reply, "limit", "a request names at most 10 items; send several requests");
        }
        var paths = string.Join(',', Enumerable.Range(0, 11).Select(number => $"\"/a/items/{number}\""));
        AssertRefusal(
            await client.PutAsync("/subs", $$"""{"reset":false,"remove":[{{paths}}]}"""), "limit", "a request names at most 10 paths");
        AssertRefusal(
            await client.PutAsync("/subs", $$"""{"insert":[[{{paths.Replace(",", "],[", StringComparison.Ordinal)}}]]}"""), "limit",
            "a request names at most 10 paths");
    }

    [Fact]
    public async Task AConnectionHasAtMostSoManySubscriptions()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { Subscriptions = 3 });
        await using var client = await Client.ConnectAsync(host.Url);
        Assert.Equal(3, await SubscribeAsync("", "a", "b", "c"));
        Assert.Equal(3, await SubscribeAsync("", "d", "e", "f"));                       // replaced
        Assert.Equal(3, await SubscribeAsync("\"reset\":false,", "d", "e"));           // changed
        Assert.Equal(3, await SubscribeAsync("\"reset\":false,\"remove\":[\"/a/items/f\"],", "g"));
        AssertRefusal(
            await client.PutAsync("/subs", """{"reset":false,"insert":[["/a/items/h",{}]]}"""), "limit",
            "a connection has at most 3 subscriptions");
        var partly = await client.PutAsync(
            "/subs", """{"insert":[["/a/items/1",{}],["/a/items/2",{}],["/a/items/3",{}],["/a/items/4",{}]]}""");
        Assert.Equal((3, 1), (partly["data"]!.AsArray().Count, partly["errors"]!.AsArray().Count));

        async Task<int> SubscribeAsync(string start, params string[] names)
        {
            var pairs = string.Join(',', names.Select(name => $"[\"/a/items/{name}\",{{}}]"));
            var reply = await client.PutAsync("/subs", $$$"""{{{{start}}}"insert":[{{{pairs}}}]}""");
            Assert.Null(reply["errors"]);
            return reply["data"]!.AsArray().Count;
        }
    }

    [Fact]
    public async Task ASubscriptionsOptionsHaveABound()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { OptionsBytes = 100 });
        await using var client = await Client.ConnectAsync(host.Url);
        Assert.True((bool)(await client.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{"x":"{{new string('x', 92)}}"}]]}"""))["ok"]!);
        AssertRefusal(
            await client.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{"x":"{{new string('x', 93)}}"}]]}"""),
            "too_large", "a subscription's options have at most 100 bytes; these have 101");
    }
}

using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Section 1 of the protocol: messages, tunnels, one reply each, in order.</summary>
public sealed class EnvelopeTests(SharedHost shared) : IClassFixture<SharedHost>
{
    [Theory]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("-0.0")]
    [InlineData("1.00")]
    [InlineData("1E+400")]
    [InlineData("123456789012345678901234567890")]
    [InlineData("\"\"")]
    [InlineData("\"\\u00e4 ä \\/ \\ud83d\\ude00 \\ud800 \\u0000 </script>\"")]
    [InlineData("[ 1 ,\t2 ]")]
    [InlineData("{ \"b\" : 1, \"a\":{\"z\":[]}, \"b\":2 }")]
    public async Task TheTunnelComesBackByteByByte(string tunnel)
    {
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        await socket.AskAsync("{}"); // the first reply of a connection also tells limits
        await socket.SendAsync($$"""{"type":"REQUEST","cmd":"GET","path":"/","tunnel": {{tunnel}} }""");
        Assert.Equal(
            $$"""{"type":"REPLY","cmd":"GET","tunnel":{{tunnel}},"ok":true,"data":["items","other","down"]}""",
            await socket.ReceiveTextAsync());
        await socket.SendAsync($$"""{"tunnel":{{tunnel}},"type":"REQUEST","cmd":"GET","path":"/nowhere"}""");
        Assert.StartsWith($$"""{"type":"REPLY","cmd":"GET","tunnel":{{tunnel}},"ok":false,""", await socket.ReceiveTextAsync());
    }

    [Fact]
    public async Task AnAbsentTunnelComesBackAsNull()
    {
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        await socket.AskAsync("{}");
        await socket.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs"}""");
        Assert.Equal("""{"type":"REPLY","cmd":"GET","tunnel":null,"ok":true,"data":[]}""", await socket.ReceiveTextAsync());
    }

    [Fact]
    public async Task TheFirstReplyOfAConnectionTellsTheLimitsAndNoOtherDoes()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { MessageBytes = 123_456 });
        await using var socket = await RawSocket.ConnectAsync(host);
        await socket.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs"}""");
        Assert.Equal(
            """{"type":"REPLY","cmd":"GET","tunnel":null,"ok":true,"limits":{"message":123456},"data":[]}""",
            await socket.ReceiveTextAsync());
        await socket.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs"}""");
        Assert.Equal("""{"type":"REPLY","cmd":"GET","tunnel":null,"ok":true,"data":[]}""", await socket.ReceiveTextAsync());
    }

    [Fact]
    public async Task FieldsMayComeInAnyOrderWithUnknownOnesBetween()
    {
        var app = shared.NewApp();
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        string[] fields =
        [
            "\"type\":\"REQUEST\"",
            "\"cmd\":\"PUT\"",
            $"\"path\":\"/{app}/items/a\"",
            "\"arg\":{\"insert\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"other\":[{}]}",
            "\"tunnel\":[7]", "\"\\ud800\":{\"arg\":1,\"x\\ud800\":2}",
        ];
        foreach (var order in Permutations(fields))
        {
            var reply = await socket.AskAsync($"{{{string.Join(',', order)}}}");
            Assert.True((bool)reply["ok"]!, $"{string.Join(',', order)}: {reply}");
            Assert.Equal(2, (int)reply["data"]!);
            Assert.Equal("[7]", reply["tunnel"]!.ToJsonString());
        }
        foreach (var order in Permutations([.. fields[..3], "\"arg\":{\"insert\":[{\"id\":7}]}", "\"tunnel\":[7]"]))
        {
            var reply = await socket.AskAsync($"{{{string.Join(',', order)}}}");
            Assert.Equal("insert[0]: an id is a string, without lone surrogates", (string?)reply["data"]);
            Assert.Equal("[7]", reply["tunnel"]!.ToJsonString());
            Assert.Equal("PUT", (string?)reply["cmd"]);
        }
    }

    [Fact]
    public async Task NamesAndValuesAreTheSameHoweverTheyAreEscaped()
    {
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        var reply = await socket.AskAsync(
            """{"\u0074ype":"REQ\u0055EST","cm\u0064":"\u0047ET","p\u0061th":"\/su\u0062s","tunne\u006c":1}""");
        Assert.True((bool)reply["ok"]!);
        Assert.Equal(1, (int)reply["tunnel"]!);
    }

    [Fact]
    public async Task ABinaryFrameIsReadLikeATextFrame()
    {
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        await socket.SendBytesAsync(RawSocket.Frame(RawSocket.Binary, """{"type":"REQUEST","cmd":"GET","path":"/subs","tunnel":2}"""u8));
        Assert.Equal(2, (int)(await socket.ReceiveAsync())["tunnel"]!);
        await socket.SendBytesAsync(RawSocket.Frame(RawSocket.Binary, [0, 1, 2, 255]));
        Assert.Equal("the message is not valid UTF-8", (string?)(await socket.ReceiveAsync())["data"]);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/behind/a/proxy?x=1")]
    [InlineData("/app/items/a")]
    [InlineData("/clock")]
    public async Task TheUpgradeIsTakenOnAnyPath(string path)
    {
        await using var socket = await RawSocket.ConnectAsync(shared.Live, path);
        Assert.True((bool)(await socket.AskAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs"}"""))["ok"]!);
    }

    [Fact]
    public async Task TheClockIsANumberToTheMicrosecond()
    {
        var time = new FakeTimeProvider(new(2033, 5, 18, 3, 33, 20, TimeSpan.Zero));
        await using var host = await LiveHost.StartAsync(time: time);
        await using var socket = await RawSocket.ConnectAsync(host);
        await socket.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/clock"}""");
        Assert.EndsWith("\"data\":2000000000.000000}", await socket.ReceiveTextAsync());
        time.Advance(TimeSpan.FromMicroseconds(1_000_001));
        await socket.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"clock/"}""");
        Assert.EndsWith("\"data\":2000000001.000001}", await socket.ReceiveTextAsync());
    }

    [Fact]
    public async Task RequestsAreAnsweredInOrderWhateverTheyAre()
    {
        var app = shared.NewApp();
        await using var socket = await RawSocket.ConnectAsync(shared.Live);
        string[] kinds =
        [
            "\"cmd\":\"GET\",\"path\":\"/clock\"", "\"cmd\":\"PUT\",\"path\":\"/{0}/items/a\",\"arg\":{{\"insert\":[{{\"id\":\"{1}\"}}]}}",
            "\"cmd\":\"PUT\",\"path\":\"/{0}/other/a\",\"arg\":{{\"insert\":[{{\"id\":\"{1}\"}}]}}",
            "\"cmd\":\"GET\",\"path\":\"/{0}/items/a\"",
            "\"cmd\":\"GET\",\"path\":\"/{0}/items\"",
            "\"cmd\":\"PUT\",\"path\":\"/subs\",\"arg\":{{\"insert\":[[\"/{0}/items/a\",{{}}]]}}",
            "\"cmd\":\"GET\",\"path\":\"/{0}/other/new{1}\"", "\"cmd\":\"GET\",\"path\":\"/{0}/none/a\"", "\"cmd\":\"HEAD\"",
            "\"cmd\":\"PUT\",\"path\":\"/{0}/items/a\",\"arg\":{{\"insert\":[{{}}]}}", "\"cmd\":\"GET\",\"path\":\"/\"",
        ];
        var seed = Environment.TickCount;
        var random = new Random(seed);
        const int Requests = 1_000;
        var sending = Task.Run(async () =>
        {
            for (var number = 0; number < Requests; number++)
            {
                var kind = string.Format(CultureInfo.InvariantCulture, kinds[random.Next(kinds.Length)], app, number);
                await socket.SendAsync($$"""{"type":"REQUEST",{{kind}},"tunnel":{{number}}}""");
            }
        });
        for (var expected = 0; expected < Requests;)
        {
            var message = await socket.ReceiveAsync();
            if ((string?)message["type"] == "MESSAGE") continue;
            Assert.True(expected == (int)message["tunnel"]!, $"seed {seed}: expected {expected}, got {message.ToJsonString()}");
            expected++;
        }
        await sending;
    }

    internal static IEnumerable<string[]> Permutations(string[] items) =>
        items.Length == 0
            ?
            [
                [],
            ]
            : items.SelectMany(
                (item, index) => Permutations([.. items[..index], .. items[(index + 1)..]]).Select(rest => (string[])[item, .. rest]));
}

using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Access;

/// <summary>The bytes that a restricted reader receives do not depend on the hidden items.</summary>
public sealed partial class RuleLeakTests
{
    private const int Steps = 300;

    private static readonly string[] Rules =
    [
        """{"path": "/a/items/*", "who": "user", "read": {"open": true}, "write": {"open": true, "by": "{sub}"}}""",
        """{"path": "/a/items", "who": "user", "list": true}""",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task TheSameHistoryWithOtherHiddenItemsIsTheSameForTheReader(int seed)
    {
        var (one, other) = (await PlayAsync(seed, hiddenSeed: 100), await PlayAsync(seed, hiddenSeed: 200));
        Assert.True(one.Count > Steps, $"the reader received {one.Count} messages");
        for (var index = 0; index < Math.Min(one.Count, other.Count); index++)
            Assert.True(one[index] == other[index], $"message {index}: {one[index]}\nor {other[index]}");
        Assert.Equal(one.Count, other.Count);
        Assert.DoesNotContain("secret", string.Concat(one));
        foreach (var part in new[] { "\"remove\":[\"v", "\"total\":", "\"conflicts\":[{", "\"code\":\"forbidden\"", "\"reset\":true" })
            Assert.Contains(part, string.Concat(one), StringComparison.Ordinal); // the history has what it is for
    }

    /// <summary>Plays a history; returns what the reader received, without revisions.</summary>
    private static async Task<List<string>> PlayAsync(int seed, int hiddenSeed)
    {
        var (random, hidden) = (new Random(seed), new Random(hiddenSeed));
        var received = new List<string>();
        await using var host = await LiveHost.StartAsync(
            time: new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddDays(20_000)), access: TestRules.Of(Rules));
        await using var root = await Client.ConnectAsync(host.Url);
        await using var ann = await Client.ConnectAsync(host.Url);
        await root.PutAsync("/auth", """{"token":"ssk_root"}""");
        await AskAsync("PUT", "/auth", """{"token":"ssk_ann"}""");
        await AskAsync("PUT", "/subs", """
            {"insert":[["/a/items/c",{}],["/a/items/c",{"as":"f","filter":{"n":{"$gt":3}}}],
             ["/a/items/c",{"as":"w","order":[["n",1]],"limit":3}],["/a/items/c",{"as":"p","fields":["n"]}]]}
            """);
        for (var step = 0; step < Steps; step++)
        {
            var (kind, id, n) = (random.Next(12), $"v{random.Next(8)}", random.Next(10));
            var open = random.Next(3) > 0 ? "true" : "false";
            // Hidden items change as often in each history, and are others.
            var secret = $"h{hidden.Next(8)}";
            var content = $$"""{"id":"{{secret}}","n":{{hidden.Next(10)}},"secret{{hidden.Next(100)}}":{{hidden.Next(1_000)}}}""";
            if (step % 2 == 0) await root.PutAsync("/a/items/c", $$"""{"insert":[{{content}}]}""");
            if (step % 7 == 0) await root.PutAsync("/a/items/c", $$"""{"remove":["h{{hidden.Next(8)}}","h{{hidden.Next(8)}}"],"insert":[{"id":"hx"}]}""");
            if (step % 5 == 0) await root.PutAsync($"/a/items/only{step % 3}", $$"""{"insert":[{{content}}]}""");
            switch (kind)
            {
                case < 5: // what it hides of an item that leaves differs, too
                    var more = open == "false" ? $",\"secret\":{hidden.Next(1_000)}" : "";
                    await root.PutAsync("/a/items/c", $$"""{"insert":[{"id":"{{id}}","n":{{n}},"open":{{open}}{{more}}}]}""");
                    break;
                case 5:
                    await root.PutAsync("/a/items/c", $$"""{"remove":["{{id}}"]}""");
                    break;
                case 6:
                    await AskAsync("PUT", "/a/items/c", $$$"""{"remove":["h{{{n}}}","h1"],"if":{"present":["h{{{n}}}"]}}""");
                    await AskAsync("PUT", "/a/items/c", $$$"""{"remove":["h{{{n}}}"],"if":{"absent":["h1","{{{id}}}"]}}""");
                    break;
                case 7:
                    await AskAsync("PUT", "/a/items/c", """{"if":{"match":{"h1":{"n":{"$lt":5}},"h2":{}}},"remove":["h3"]}""");
                    await AskAsync("PUT", "/a/items/c", $$"""{"insert":[{"id":"{{id}}","n":1,"by":"bob","open":true}]}""");
                    break;
                case 8:
                    var read = await ann.AskAsync("GET", "/a/items/c", """{"order":[["n",-1]],"limit":4}""");
                    received.Add(Plain(read.ToJsonString()));
                    await AskAsync("PUT", "/a/items/c", $$$"""{"remove":["h1"],"if":{"since":{{{(long)read["rev"]! - n}}},"epoch":"{{{read["epoch"]}}}","ids":["h2","{{{id}}}"]}}""");
                    await AskAsync("PUT", "/subs", $$"""{"reset":false,"insert":[["/a/items/c",{"as":"r","since":{{(long)read["rev"]! - n}},"epoch":"{{read["epoch"]}}"}]]}""");
                    break;
                case 9:
                    await AskAsync("GET", "/a/items");
                    break;
                case 10:
                    await AskAsync("PUT", "/a/items/c", $$"""{"insert":[{"id":"{{id}}","n":{{n}},"open":true,"by":"ann"}]}""");
                    await AskAsync("PUT", "/a/items/c", $$"""{"inc":[{"id":"{{id}}","path":"by","by":1}]}""");
                    break;
                default:
                    await AskAsync("PUT", "/a/items/c", """{"reset":true,"insert":[]}""");
                    break;
            }
            await AskAsync("GET", "/a/items/c"); // the notifications are before its reply
        }
        return received;

        async Task AskAsync(string command, string path, string? argument = null)
        {
            var reply = await ann.AskAsync(command, path, argument);
            while (ann.KeptNotifications > 0) received.Add(Plain((await ann.NotificationAsync()).ToJsonString()));
            received.Add(Plain(reply.ToJsonString()));
        }
    }

    private static string Plain(string message) => Revision().Replace(message, "$1");

    [GeneratedRegex("""("rev":|"prev":|"tunnel":|"since":)\d+""")]
    private static partial Regex Revision();
}

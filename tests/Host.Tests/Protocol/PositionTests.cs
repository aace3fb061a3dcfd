using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Section 5 of the protocol: revisions, epochs, and what a client that comes back is told.</summary>
public sealed class PositionTests(SharedHost shared) : IClassFixture<SharedHost>
{
    [Fact]
    public async Task RepliesAndNotificationsBearThePosition()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["{{path}}",{}]]}""");
        var first = await client.NotificationAsync();
        var epoch = (string)first["epoch"]!;
        Assert.Equal((0L, null), ((long)first["rev"]!, first["prev"]));
        for (var revision = 1; revision <= 5; revision++)
        {
            var put = await client.PutAsync(path, $$"""{"insert":[{"id":"1","v":{{revision}}}]}""");
            Assert.Equal((revision, epoch), ((long)put["rev"]!, (string)put["epoch"]!));
            var change = await client.NotificationAsync();
            Assert.Equal((revision, revision - 1, epoch), ((long)change["rev"]!, (long)change["prev"]!, (string)change["epoch"]!));
            Assert.False((bool)change["data"]!["reset"]!);
            var get = await client.GetAsync(path);
            Assert.Equal((revision, epoch), ((long)get["rev"]!, (string)get["epoch"]!));
        }
        await client.PutAsync(path, """{"reset":true,"insert":[{"id":"2"}]}""");
        var reset = await client.NotificationAsync();
        Assert.Equal((6L, null), ((long)reset["rev"]!, reset["prev"]));
        Assert.Equal("""{"reset":true,"remove":[],"insert":[{"id":"2"}]}""", reset["data"]!.ToJsonString());
    }

    [Fact]
    public async Task NothingElseBearsAPosition()
    {
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.GetAsync("/"); // the first reply of a connection also tells limits
        foreach (var path in (string[])["/", "/clock", "/subs", $"/{shared.NewApp()}/items"])
        {
            var reply = await client.GetAsync(path);
            Assert.Equal(["type", "cmd", "tunnel", "ok", "data"], reply.AsObject().Select(field => field.Key));
        }
    }

    [Fact]
    public async Task WhoComesBackGetsTheMergedDifference()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var epoch = (string)(await client.PutAsync(path, """{"insert":[{"id":"a"},{"id":"b"},{"id":"c"}]}"""))["epoch"]!; // 1
        await client.PutAsync(path, """{"insert":[{"id":"a","v":2}]}""");       // 2
        await client.PutAsync(path, """{"remove":["b"]}""");                    // 3
        await client.PutAsync(path, """{"insert":[{"id":"a","v":4},{"id":"d"}]}"""); // 4
        await client.PutAsync(path, """{"remove":["d"]}""");                    // 5

        foreach (var (since, expected) in new[]
        {
            (1, """{"reset":false,"remove":["b","d"],"insert":[{"id":"a","v":4}]}"""),
            (3, """{"reset":false,"remove":["d"],"insert":[{"id":"a","v":4}]}"""),
            (4, """{"reset":false,"remove":["d"],"insert":[]}"""),
            (5, """{"reset":false,"remove":[],"insert":[]}"""),
        })
        {
            var first = await SubscribeAsync(client, path, $$"""{"since":{{since}},"epoch":"{{epoch}}"}""");
            Assert.Equal((5, since), ((int)first["rev"]!, (int)first["prev"]!));
            Assert.Equal(expected, Sorted(first["data"]!));
        }
    }

    [Theory]
    [InlineData("""{"since":1,"epoch":"another"}""")]
    [InlineData("""{"since":2,"epoch":"e1"}""")] // not yet
    [InlineData("""{"since":-1,"epoch":"e1"}""")]
    [InlineData("""{"since":9223372036854775807,"epoch":"e1"}""")]
    [InlineData("""{"since":1}""")]
    [InlineData("""{"epoch":"e1"}""")]
    [InlineData("""{"since":null,"epoch":null}""")]
    [InlineData("""{}""")]
    public async Task WhoseStateIsNotKnownGetsTheWhole(string options)
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        Assert.Equal("e1", (string?)(await client.PutAsync(path, """{"insert":[{"id":"a"}]}"""))["epoch"]);
        var first = await SubscribeAsync(client, path, options);
        Assert.Equal((1, null), ((int)first["rev"]!, first["prev"]));
        Assert.Equal("""{"reset":true,"remove":[],"insert":[{"id":"a"}]}""", first["data"]!.ToJsonString());
    }

    [Fact]
    public async Task OneWhoConflatesOrIsRateLimitedGetsTheSameInTheEnd()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var writer = await Client.ConnectAsync(shared.Live.Url);
        foreach (var options in (string[])["""{"conflate":true}""", """{"maxRate":50}""", """{"conflate":true,"maxRate":1000}"""])
        {
            await using var reader = await Client.ConnectAsync(shared.Live.Url);
            var revision = (long)(await SubscribeAsync(reader, path, options))["rev"]!;
            var last = revision + 50;
            for (var number = revision; number < last; number++) await writer.PutAsync(path, $$"""{"insert":[{"id":"{{number}}"}]}""");
            var seen = new HashSet<string>();
            while (revision < last)
            {
                var change = await reader.NotificationAsync();
                Assert.True((long)change["prev"]! <= revision && (long)change["rev"]! > revision, change.ToJsonString());
                revision = (long)change["rev"]!;
                foreach (var item in change["data"]!["insert"]!.AsArray()) seen.Add((string)item!["id"]!);
            }
            Assert.Equal(50, seen.Count);
        }
    }

    private static async Task<JsonNode> SubscribeAsync(Client client, string path, string options)
    {
        var reply = await client.PutAsync("/subs", $$"""{"insert":[["{{path}}",{{options}}]]}""");
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
        return await client.NotificationAsync();
    }

    /// <summary>The order of removed ids among themselves is not promised.</summary>
    private static string Sorted(JsonNode data)
    {
        data["remove"] = new JsonArray([.. data["remove"]!.AsArray().Select(id => (string)id!).Order().Select(id => (JsonNode)id)]);
        return data.ToJsonString();
    }
}

using System.Text;
using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>What one connection, or one service, can take of the memory.</summary>
public sealed class MemoryShareTests
{
    private const int ItemBytes = 100_000;

    [Fact]
    public void AHolderGetsMoreOnlyWhileItHoldsAtMostAMultipleOfWhatIsFree()
    {
        var budget = new MemoryBudget(1_000);
        var (one, other) = (new MemoryShare(budget, 1), new MemoryShare(budget, 4));
        Assert.True(one.Fits(500));
        Assert.False(one.Fits(501));
        Assert.True(other.Fits(800));
        Assert.False(other.Fits(801));
        budget.Charge(500);
        one.Charge(500);
        Assert.False(one.Fits(1));
        Assert.True(other.Fits(400));
        Assert.False(other.Fits(401));
        Assert.True(one.Fits(-1));
    }

    [Fact]
    public void AHolderThatHasItsShareDoesNotMakeTheHostCollectGarbage()
    {
        var budget = new MemoryBudget(1_000);
        var share = new MemoryShare(budget, 1);
        var collected = 0;
        budget.Register(() => collected++);
        budget.Charge(500);
        share.Charge(500);
        Assert.False(share.HasRoom(100));
        Assert.Equal(0, collected);
        budget.Charge(450); // others have the rest
        Assert.False(share.HasRoom(100));
        Assert.Equal(1, collected);
    }

    [Theory]
    [InlineData("""{"type":"REQUEST","cmd":"GET","path":"/clock","tunnel":"TEXT"}""")]
    [InlineData("""{"type":"REQUEST","cmd":"TEXT","path":"/clock"}""")]
    public async Task AReplyDoesNotCarryBackALongText(string request)
    {
        await using var host = await LiveHost.StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        await client.SendAsync(request.Replace("TEXT", new string('x', 17_000), StringComparison.Ordinal));
        var reply = (await client.ReceiveTextAsync())!;
        Assert.InRange(reply.Length, 1, 1_000);
        Assert.Equal("too_large", (string?)JsonNode.Parse(reply)!["error"]!["code"]);
        await client.SendAsync(request.Replace("TEXT", new string('x', 16_000), StringComparison.Ordinal));
        Assert.InRange((await client.ReceiveTextAsync())!.Length, 16_000, 17_000);
    }

    [Fact]
    public async Task SubscriptionsCountAndOneConnectionDoesNotFillTheMemoryWithThem()
    {
        var limits = new Limits { Memory = new(4 << 20) };
        var logger = new CountingLogger();
        await using var host = await LiveHost.StartAsync(limits: limits, logger: logger);
        await using (var client = await Client.ConnectAsync(host.Url))
        {
            var refused = 0;
            for (var index = 0; index < 400; index++)
            {
                var options = $$"""{"as":"{{index}}","text":"{{new string('x', 15_000)}}"}""";
                var reply = await client.PutAsync("/subs", $$"""{"reset":false,"insert":[["/app/items/a",{{options}}]]}""");
                if ((bool)reply["ok"]!) continue;
                Assert.Equal("limit", (string?)reply["error"]!["code"]);
                refused++;
            }
            Assert.InRange(refused, 200, 399);
            Assert.True(logger.Count(2007) > 0);
            await using var other = await Client.ConnectAsync(host.Url);
            var small = await other.PutAsync("/subs", """{"insert":[["/app/items/a",{}]]}""");
            Assert.True((bool)small["ok"]!, small.ToJsonString());
        }
        await Wait.UntilAsync(
            () =>
            {
                GC.Collect(); // the replies count until they are collected
                return limits.Memory.Used < 100_000;
            },
            "the subscriptions of a connection that left do not count");
    }

    [Fact]
    public async Task CollectionsThatOneConnectionNamesLeaveRoomForThoseOfOthers()
    {
        const int Collections = 20, Items = 10;
        var storage = new MemoryStorage();
        for (var index = 0; index < Collections; index++) storage.CommitElsewhere(Stored(index, Items));
        storage.CommitElsewhere(Stored(Collections, 1));
        var limits = new Limits { Memory = new(8L * Items * ItemBytes) };
        await using var host = await LiveHost.StartAsync(storage, limits: limits);
        await using var greedy = await Client.ConnectAsync(host.Url);
        var paths = Enumerable.Range(0, Collections).Select(index => $$"""["/app/items/c{{index}}",{}]""");
        await greedy.PutAsync("/subs", $$"""{"insert":[{{string.Join(',', paths)}}]}""");
        JsonNode reply = null!;
        await Wait.UntilAsync(
            async () => (string?)(reply = await greedy.GetAsync($"/app/items/c{Collections - 1}"))["error"]?["code"] == "limit",
            "a connection cannot read more than its share");

        await using var client = await Client.ConnectAsync(host.Url);
        reply = await client.GetAsync($"/app/items/c{Collections}");
        Assert.True((bool)reply["ok"]!, reply["data"]!.ToJsonString());
        // A collection that does not fit into the share of one client is read for another.
        reply = await client.GetAsync($"/app/items/c{Collections - 1}");
        Assert.True((bool)reply["ok"]!, reply["data"]!.ToJsonString());
        Assert.InRange(limits.Memory.Used, 0, limits.Memory.Limit);
    }

    private static ItemUpdate Stored(int index, int items) => new()
    {
        Key = new("app", $"c{index}"),
        Insert = [.. Enumerable.Range(0, items).Select(id => new Item($"{id}", Encoding.UTF8.GetBytes(Item(id))))],
    };

    private static string Item(int id) => $$"""{"id":"{{id}}","text":"{{new string('x', ItemBytes)}}"}""";
}

using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Collections that together are larger than the memory for them.</summary>
public sealed class MemoryBudgetTests
{
    private const int ItemBytes = 100_000, Items = 10, Collections = 12;

    // Room for about four collections, or two and their texts.
    private static readonly Limits Few = new() { Memory = new(4 * Items * ItemBytes) };

    [Fact]
    public async Task UnusedCollectionsMakeRoomForOthers()
    {
        await using var host = await LiveHost.StartAsync(Stored(), limits: Few);
        await using var client = await Client.ConnectAsync(host.Url);
        for (var round = 0; round < 2; round++)
        {
            for (var index = 0; index < Collections; index++)
            {
                var path = $"/app/items/c{index}";
                JsonNode reply = null!;
                await Wait.UntilAsync(async () => (bool)(reply = await client.GetAsync(path))["ok"]! || Refused(reply), "an answer");
                await Wait.UntilAsync(
                    async () => (bool)(await client.GetAsync(path))["ok"]!, "room for a collection, when others are not used");
                Assert.InRange(Few.Memory.Used, 0, Few.Memory.Limit);
            }
        }
    }

    [Fact]
    public async Task ACollectionThatDoesNotFitBesideUsedOnesIsRefusedAndServedWhenOneIsFree()
    {
        var limits = new Limits { Memory = new(Few.Memory.Limit) };
        var logger = new CountingLogger();
        await using var host = await LiveHost.StartAsync(Stored(), limits: limits, logger: logger);
        await using var follower = await Client.ConnectAsync(host.Url);
        await using var client = await Client.ConnectAsync(host.Url);
        var paths = Enumerable.Range(0, Collections).Select(index => $$"""["/app/items/c{{index}}",{}]""");
        await follower.PutAsync("/subs", $$"""{"insert":[{{string.Join(',', paths)}}]}""");
        await follower.NotificationAsync();

        var refused = false;
        for (var index = 0; !refused && index < Collections; index++) refused = Refused(await client.GetAsync($"/app/items/c{index}"));
        Assert.True(refused, "no collection is refused, although all are used and do not fit");
        Assert.True(logger.Count(2116) > 0);
        Assert.Equal(0, logger.Count(2120));
        Assert.True((bool)(await client.GetAsync("/clock"))["ok"]!);

        await follower.PutAsync("/subs", """{"insert":[]}""");
        for (var index = 0; index < Collections; index++)
        {
            var path = $"/app/items/c{index}";
            await Wait.UntilAsync(async () => (bool)(await client.GetAsync(path))["ok"]!, "the collection is served");
        }
        Assert.InRange(logger.Count(2120), 1, Collections); // the all-clear
    }

    [Fact]
    public async Task TwoClientsThatAskInTurnsForACollectionThatDoesNotFitDoNotHaveItReadEachTime()
    {
        var (storage, limits) = (Stored(), new Limits { Memory = new(Few.Memory.Limit) });
        await using var host = await LiveHost.StartAsync(storage, limits: limits);
        await using var follower = await Client.ConnectAsync(host.Url);
        await using var one = await Client.ConnectAsync(host.Url);
        await using var other = await Client.ConnectAsync(host.Url);
        var paths = Enumerable.Range(0, Collections).Select(index => $$"""["/app/items/c{{index}}",{}]""");
        await follower.PutAsync("/subs", $$"""{"insert":[{{string.Join(',', paths)}}]}""");
        await follower.NotificationAsync();
        var index = Collections - 1;
        while (!Refused(await one.GetAsync($"/app/items/c{index}"))) index--;

        var reads = new System.Collections.Concurrent.ConcurrentQueue<long>();
        storage.BeforeLoad = (key, _) =>
        {
            if (key.Collection == $"c{index}") reads.Enqueue(TimeProvider.System.GetTimestamp());
            return Task.CompletedTask;
        };
        var begun = TimeProvider.System.GetTimestamp();
        const int Requests = 200;
        for (var n = 0; n < Requests; n++)
        {
            foreach (var client in (Client[])[one, other]) await client.GetAsync($"/app/items/c{index}");
        }

        // The first waits are 0.1 s: in each of them there is one attempt more, for the client that did not have the last one.
        var waits = TimeProvider.System.GetElapsedTime(begun).TotalSeconds / 0.1;
        Assert.InRange(reads.Count, 0, 2 * (waits + 2));
        Assert.InRange(reads.Count, 0, Requests);
    }

    [Fact]
    public async Task AnUpdateThatDoesNotFitIsRefusedWithTheSetting()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { Memory = new(1 << 20) });
        await using var client = await Client.ConnectAsync(host.Url);
        JsonNode reply = null!;
        for (var index = 0; index < 20; index++)
        {
            reply = await client.PutAsync("/app/items/a", $$"""{"insert":[{{Item(index)}}]}""");
            if (!(bool)reply["ok"]!) break;
        }
        Assert.True(Refused(reply), reply.ToJsonString());
        Assert.Contains("memory_bytes", (string?)reply["data"], StringComparison.Ordinal);
        Assert.True((bool)(await client.PutAsync("/app/items/a", """{"remove":["0","1","2"]}"""))["ok"]!);
    }

    private static bool Refused(JsonNode reply) => (string?)reply["error"]?["code"] == "limit";

    private static MemoryStorage Stored()
    {
        var storage = new MemoryStorage();
        for (var index = 0; index < Collections; index++)
        {
            var items = Enumerable.Range(0, Items).Select(id => new Item($"{id}", System.Text.Encoding.UTF8.GetBytes(Item(id))));
            storage.CommitElsewhere(new() { Key = new("app", $"c{index}"), Insert = [.. items] });
        }
        return storage;
    }

    private static string Item(int id) => $$"""{"id":"{{id}}","text":"{{new string('x', ItemBytes)}}"}""";
}

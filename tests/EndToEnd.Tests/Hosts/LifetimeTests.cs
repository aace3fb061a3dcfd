using System.Diagnostics;
using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;
using SharedState.Items.Tests.MySql;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>G19 with several hosts on a real database, one of which is killed while it has holders.</summary>
[Collection(Alone.Name), Trait("Category", "Alone")]
public sealed class LifetimeTests(ITestOutputHelper log)
{
    private const int Items = 1_000;
    private const string First = "/app/items/a", Second = "/app/items/b", Holder = "0123456789abcdef";

    private static readonly TimeSpan RemovalTime = TimeSpan.FromSeconds(60);

    [RedisFact]
    public Task OnRedisTheOthersRemoveWhatAKilledHostHeld() => KillAsync(async () => await RedisStorage.StartAsync());

    [MariaDbFact]
    public Task OnMariaDbTheOthersRemoveWhatAKilledHostHeld() => KillAsync(async () => await MariaDbStorage.StartAsync());

    [RedisFact]
    public Task OnRedisAnOutageDelaysTheRemovals() => OutageAsync(async () => await RedisStorage.StartAsync());

    [MariaDbFact]
    public Task OnMariaDbAnOutageDelaysTheRemovals() => OutageAsync(async () => await MariaDbStorage.StartAsync());

    private async Task KillAsync(Func<Task<ISharedStorage>> start)
    {
        await using var cluster = await Cluster.StartAsync(await start());
        await using var doomed = await Client.ConnectAsync(cluster.Urls[0]);
        await using var living = await Client.ConnectAsync(cluster.Urls[1]);
        await using var observer = await Client.ConnectAsync(cluster.Urls[2]);
        await OkAsync(living, First, """{"insert":[{"id":"permanent"},{"id":"both"}]}""");
        await OkAsync(living, First, """{"insert":[{"id":"living"}],"ephemeral":true}""");
        await OkAsync(living, Second, $$$"""{"insert":[{"id":"held here"}],"ephemeral":{"holder":"{{{Holder}}}"}}""");
        foreach (var path in new[] { First, Second })
        {
            for (var from = 0; from < Items / 2; from += 100)
            {
                var items = string.Join(',', Enumerable.Range(from, 100).Select(n => $$"""{"id":"{{n}}"}"""));
                await OkAsync(doomed, path, $$"""{"insert":[{{items}}],"ephemeral":true}""");
            }
        }
        await OkAsync(doomed, Second, $$$"""{"insert":[{"id":"held there"}],"ephemeral":{"holder":"{{{Holder}}}"}}""");
        await OkAsync(doomed, First, """{"insert":[{"id":"timed"}],"ttl":5}""");
        await OkAsync(doomed, First, """{"insert":[{"id":"both"}],"ephemeral":true}""");
        await OkAsync(living, First, """{"insert":[{"id":"both"}]}"""); // written again: not the dead host's any more
        await OkAsync(observer, "/subs", $$"""{"insert":[["{{First}}",{}],["{{Second}}",{}]]}""");
        for (var n = 0; n < 2; n++) await observer.NotificationAsync();

        await cluster.Hosts[0].Process.KillAsync();
        var killed = Stopwatch.StartNew();

        // An item with a time does not depend on the host that gave the time.
        var timed = await observer.NotificationAsync();
        Assert.Equal("""["timed"]""", timed["data"]!["remove"]!.ToJsonString());
        log.WriteLine($"the item with a time went {killed.Elapsed.TotalSeconds:0.0} s after the kill");

        // One notification for each collection, of exactly the dead host's items.
        var removed = new Dictionary<string, int>();
        while (removed.Count < 2)
        {
            var end = await NextAsync(observer, RemovalTime - killed.Elapsed);
            Assert.True(removed.TryAdd((string)end["path"]!, end["data"]!["remove"]!.AsArray().Count), "a second notification");
        }
        Assert.True(killed.Elapsed < RemovalTime, $"the removals took {killed.Elapsed}");
        log.WriteLine($"the others removed the items {killed.Elapsed.TotalSeconds:0.0} s after the kill");
        Assert.Equal((Items / 2, Items / 2), (removed[First], removed[Second]));
        Assert.Equal(["both", "living", "permanent"], await IdsAsync(observer, First));
        Assert.Equal(["held here", "held there"], await IdsAsync(observer, Second)); // the holder lives on at another host
        await living.DisposeAsync();
        await Wait.UntilAsync(async () => (await IdsAsync(observer, Second)).Length == 0, "the holder is gone everywhere");
        Assert.Equal(["both", "permanent"], await IdsAsync(observer, First));
    }

    private static async Task OutageAsync(Func<Task<ISharedStorage>> start)
    {
        await using var cluster = await Cluster.StartAsync(await start());
        var client = await Client.ConnectAsync(cluster.Urls[0]);
        await using var observer = await Client.ConnectAsync(cluster.Urls[1]);
        await OkAsync(client, First, """{"insert":[{"id":"x"}],"ephemeral":true}""");
        await OkAsync(client, First, """{"insert":[{"id":"y"}],"ttl":1}""");
        await OkAsync(client, First, """{"insert":[{"id":"permanent"}]}""");
        await observer.GetAsync(First);
        await cluster.Storage.KillAsync();
        await client.DisposeAsync();
        await Task.Delay(TimeSpan.FromSeconds(2)); // the outage is what is tested
        Assert.Equal(["permanent", "x", "y"], await IdsAsync(observer, First));
        await cluster.Storage.StartAgainAsync();
        await Wait.UntilAsync(async () => await IdsAsync(observer, First) is ["permanent"], "the removals follow", seconds: 30);
    }

    private static async Task OkAsync(Client client, string path, string argument)
    {
        var reply = await client.PutAsync(path, argument);
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
    }

    private static async Task<string[]> IdsAsync(Client client, string path) =>
        [.. (await client.GetAsync(path))["data"]!.AsArray().Select(item => (string)item!["id"]!).Order(StringComparer.Ordinal)];

    /// <summary>The next notification. The client is not asked to receive for longer than it is patient.</summary>
    private static async Task<System.Text.Json.Nodes.JsonNode> NextAsync(Client client, TimeSpan patience)
    {
        var begun = Stopwatch.StartNew();
        while (client.KeptNotifications == 0)
        {
            Assert.True(begun.Elapsed < patience, $"no notification within {patience}");
            await client.GetAsync("/clock");
            await Task.Delay(50);
        }
        return await client.NotificationAsync();
    }
}

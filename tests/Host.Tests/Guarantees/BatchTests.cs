using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G2, G3, G4, G6, G7: what is seen of updates, when, and in which order.</summary>
public sealed class BatchTests
{
    private const string Path = "/app/items/a";
    private const int BatchItems = 20;

    private static readonly int Rounds = Setting.Number("SHAREDSTATE_ROUNDS", 250);

    [Fact]
    public async Task NothingIsSeenBeforeItIsStored()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage);
        await using var writer = await Client.ConnectAsync(host.Url);
        await using var follower = await Client.ConnectAsync(host.Url);
        await using var reader = await Client.ConnectAsync(host.Url);
        await writer.PutAsync(Path, """{"insert":[{"id":"1","v":"old"}]}""");
        await follower.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        await follower.NotificationAsync();

        TaskCompletionSource begun = new(), stored = new();
        storage.BeforeCommit = (_, _) =>
        {
            begun.SetResult();
            return stored.Task;
        };
        var update = writer.PutAsync(Path, """{"insert":[{"id":"1","v":"new"}]}""");
        await begun.Task;

        Assert.Equal("""[{"id":"1","v":"old"}]""", (await reader.GetAsync(Path))["data"]!.ToJsonString());
        await reader.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        Assert.Equal("old", (string?)(await reader.NotificationAsync())["data"]!["insert"]![0]!["v"]);
        await follower.GetAsync(Path); // whatever was to be notified would have come before this reply
        Assert.Equal(0, follower.KeptNotifications);
        Assert.False(update.IsCompleted);

        stored.SetResult();
        Assert.True((bool)(await update)["ok"]!);
        Assert.Equal("new", (string?)(await follower.NotificationAsync())["data"]!["insert"]![0]!["v"]);
        Assert.Equal("new", (string?)(await reader.NotificationAsync())["data"]!["insert"]![0]!["v"]);
    }

    [Fact]
    public async Task ABatchIsNeverSeenInParts()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { OutboxBytes = 6_000 });
        var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 2).Select(index => Task.Run(() => WriteAsync(host, index, Rounds))).ToArray();
        var observers = new[]
        {
            Task.Run(() => PollAsync(host, stop.Token)),
            Task.Run(() => FollowAsync(host, slowly: false)),
            Task.Run(() => FollowAsync(host, slowly: true)),
        };
        await Task.WhenAll(writers);
        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(observers), seen => Assert.True(seen > 1, "an observer saw nothing"));
    }

    [Fact]
    public async Task EveryObserverSeesTheSameChangesInOneOrder()
    {
        await using var host = await LiveHost.StartAsync();
        var updates = 3 * 64 * 2;
        var observers = new List<Client>();
        for (var index = 0; index < 3; index++)
        {
            observers.Add(await Client.ConnectAsync(host.Url));
            await observers[^1].PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
            await observers[^1].NotificationAsync();
        }

        await Task.WhenAll(Enumerable.Range(0, 3).Select(writer => Task.Run(() => PipelineAsync(host, writer, 64 * 2))));

        var seen = await Task.WhenAll(observers.Select(observer => Task.Run(async () =>
        {
            var changes = new List<string>();
            for (var revision = 1; revision <= updates; revision++)
            {
                var change = await observer.NotificationAsync();
                Assert.Equal((revision, revision - 1), ((int)change["rev"]!, (int)change["prev"]!));
                changes.Add(change["data"]!.ToJsonString());
            }
            return changes;
        })));
        Assert.Equal(seen[0], seen[1]);
        Assert.Equal(seen[0], seen[2]);
        for (var writer = 0; writer < 3; writer++)
        {
            var own = seen[0]
                .Select(text => JsonNode.Parse(text)!["insert"]![0]!)
                .Where(item => (int)item["w"]! == writer)
                .Select(item => (int)item["n"]!);
            Assert.Equal(Enumerable.Range(0, 64 * 2), own);
        }
        foreach (var observer in observers) await observer.DisposeAsync();
    }

    [Fact]
    public async Task TheFirstNotificationIsTheWholeAndTheNextChangeBuildsOnIt()
    {
        await using var host = await LiveHost.StartAsync();
        var stop = new CancellationTokenSource();
        var storm = Task.Run(() => WriteAsync(host, 0, int.MaxValue, stop.Token)); // update n, the only writer's, is revision n
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            await using var client = await Client.ConnectAsync(host.Url);
            for (var round = 0; round < Rounds; round++)
            {
                // The reply clears what came before it: nothing of the old subscription may come after.
                await client.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
                while (client.KeptNotifications > 0) await client.NotificationAsync();
                var state = await client.NotificationAsync();
                Assert.True((bool)state["data"]!["reset"]!, state.ToJsonString());
                var revision = (int)state["rev"]!;
                Assert.Equal(revision == 0 ? 0 : BatchItems, state["data"]!["insert"]!.AsArray().Count);
                Assert.All(state["data"]!["insert"]!.AsArray(), item => Assert.Equal(revision, (int)item!["v"]!));
                var next = await client.NotificationAsync();
                Assert.Equal((revision + 1, revision), ((int)next["rev"]!, (int)next["prev"]!));
            }
        })));
        await stop.CancelAsync();
        await storm;
    }

    [Fact]
    public async Task AfterTheReplyEveryoneReadsTheUpdateAndTheWriterWasNotified()
    {
        await using var host = await LiveHost.StartAsync();
        await using var writer = await Client.ConnectAsync(host.Url);
        await using var reader = await Client.ConnectAsync(host.Url);
        await writer.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        await writer.NotificationAsync();
        for (var value = 1; value <= Rounds; value++)
        {
            await writer.PutAsync(Path, $$"""{"insert":[{"id":"1","v":{{value}}}]}""");
            Assert.Equal(1, writer.KeptNotifications);
            Assert.Equal(value, (int)(await writer.NotificationAsync())["data"]!["insert"]![0]!["v"]!);
            Assert.Equal(value, (int)(await reader.GetAsync(Path))["data"]![0]!["v"]!);
        }
    }

    private static async Task WriteAsync(LiveHost host, int writer, int rounds, CancellationToken stop = default)
    {
        await using var client = await Client.ConnectAsync(host.Url);
        for (var round = 1; round <= rounds && !stop.IsCancellationRequested; round++)
        {
            var value = (writer * 1_000_000) + round;
            await client.PutAsync(
                Path,
                $$"""{"insert":[{{string.Join(',', Enumerable.Range(0, BatchItems).Select(id => $$"""{"id":"{{id}}","v":{{value}}}"""))}}]}"""
            );
        }
    }

    private static async Task<int> PollAsync(LiveHost host, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(host.Url);
        var count = 0;
        for (; !stop.IsCancellationRequested; count++) AssertWhole((await client.GetAsync(Path))["data"]!.AsArray());
        return count;
    }

    private static async Task<int> FollowAsync(LiveHost host, bool slowly)
    {
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{"conflate":{{(slowly ? "true" : "false")}}}]]}""");
        var state = new Dictionary<string, JsonNode>();
        for (var count = 1; ; count++)
        {
            var message = await client.NotificationAsync();
            foreach (var item in message["data"]!["insert"]!.AsArray()) state[(string)item!["id"]!] = item;
            AssertWhole([.. state.Values.Select(item => item.DeepClone())]);
            if ((int)message["rev"]! == 2 * Rounds) return count;
            for (var other = 0; slowly && other < 20; other++) await client.GetAsync("/clock");
        }
    }

    private static void AssertWhole(JsonArray items)
    {
        Assert.True(items.Count is 0 or BatchItems, $"{items.Count} items");
        Assert.True(items.Select(item => (int)item!["v"]!).Distinct().Count() <= 1, "two values at once: " + items.ToJsonString());
    }

    private static async Task PipelineAsync(LiveHost host, int writer, int count)
    {
        await using var client = await Client.ConnectAsync(host.Url);
        for (var number = 0; number < count; number++)
            await client.SendAsync(
                $$"""{"type":"REQUEST","cmd":"PUT","path":"{{Path}}","arg":{"insert":[{"id":"{{writer}}","w":{{writer}},"n":{{number}}}]},"tunnel":{{number}}}"""
            );
        for (var number = 0; number < count; number++)
        {
            var reply = await client.ReceiveAsync();
            Assert.Equal((number, true), ((int)reply["tunnel"]!, (bool)reply["ok"]!));
        }
    }
}

using System.Text;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G18: each acknowledged increment counts once, each refused one never, at any number of hosts.</summary>
public sealed class CounterTests
{
    private const string Path = "/app/items/a", Increment = """{"inc":[{"id":"n","path":"count","by":1}]}""";

    [Fact]
    public async Task TwoHundredConnectionsCountExactly()
    {
        await using var host = await LiveHost.StartAsync();
        await CountAsync([host], connections: 200, increments: 20);
    }

    [Fact]
    public async Task ThreeHostsOnOneStorageCountExactlyAndEachIncrementSucceeds()
    {
        var storage = new MemoryStorage(hasFeed: true);
        await using var first = await LiveHost.StartAsync(storage);
        await using var second = await LiveHost.StartAsync(storage);
        await using var third = await LiveHost.StartAsync(storage);
        await CountAsync([first, second, third], connections: 12, increments: 200);
    }

    /// <summary>Requests of one connection that are in flight together, to two collections, while another host changes both.</summary>
    [Fact]
    public async Task TheUpdatesOfAConnectionStayInOrderWhereOtherHostsCommitInBetween()
    {
        const int Rounds = 200;
        var storage = new MemoryStorage(hasFeed: true);
        await using var host = await LiveHost.StartAsync(storage);
        await using var other = await LiveHost.StartAsync(storage);
        using var stop = new CancellationTokenSource();
        var disturbing = Task.Run(async () =>
        {
            await using var client = await Client.ConnectAsync(other.Url);
            while (!stop.IsCancellationRequested) await client.PutAsync(Path, """{"inc":[{"id":"other","path":"count","by":1}]}""");
        });
        await using var writer = await Client.ConnectAsync(host.Url);
        for (var n = 1; n <= Rounds; n++)
        {
            // The insert sets what the increment before it added to: in any other order the number would be another.
            string[] updates =
            [
                $$"""{"insert":[{"id":"n","count":{{n * 100}}}]}""", Increment, $$"""{"patch":[{"id":"n","double":{{n}}}]}""", Increment,
            ];
            foreach (var update in updates)
                await writer.SendAsync($$"""{"type":"REQUEST","cmd":"PUT","path":"{{Path}}","arg":{{update}},"tunnel":0}""");
            foreach (var update in updates)
            {
                var reply = await writer.ReceiveAsync();
                Assert.True((bool)reply["ok"]!, $"{update}: {reply.ToJsonString()}");
            }
            var item = (await writer.GetAsync(Path))["data"]!.AsArray().Single(item => (string?)item!["id"] == "n")!;
            Assert.Equal($$"""{"id":"n","count":{{(n * 100) + 2}},"double":{{n}}}""", item.ToJsonString());
        }
        await stop.CancelAsync();
        await disturbing;
    }

    /// <summary>
    /// Another host does the same as the removal in front of the increment, and more, at the last moment: the removal then has no effect,
    /// and the position would be the one that the increment expects.
    /// </summary>
    [Fact]
    public async Task AnIncrementBehindARemovalThatHasNoEffectAnyMoreSeesTheOtherHostsCommit()
    {
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var storage = new MemoryStorage(hasFeed: true);
        await using var host = await LiveHost.StartAsync(storage);
        await using var first = await Client.ConnectAsync(host.Url);
        await using var second = await Client.ConnectAsync(host.Url);
        await first.PutAsync(Path, """{"insert":[{"id":"x"},{"id":"n","count":0}]}""");
        await second.GetAsync(Path);
        var commits = 0;
        storage.BeforeCommit = async (_, _) =>
        {
            if (++commits == 1)
            {
                begun.SetResult();
                await go.Task;
            }
            else if (commits == 2)
            {
                storage.CommitElsewhere(
                    new() { Key = new("app", "a"), Remove = ["x"], Insert = [new("n", """{"id":"n","count":1}"""u8.ToArray())] });
            }
        };
        var other = first.PutAsync("/app/items/b", """{"insert":[{"id":"1"}]}""");
        await begun.Task;
        var removal = second.PutAsync(Path, """{"remove":["x"]}""");
        await using var third = await Client.ConnectAsync(host.Url);
        var increment = third.PutAsync(Path, Increment);
        await using var probe = await Client.ConnectAsync(host.Url);
        for (var n = 0; n < 20; n++) await probe.GetAsync("/clock"); // so that both are in the queue
        go.SetResult();
        await Task.WhenAll(other, removal, increment);
        Assert.True((bool)(await increment)["ok"]!);
        Assert.Contains("\"count\":2", storage.Read(new("app", "a")).Items.Select(item => Encoding.UTF8.GetString(item.Json.Span)).Single());
    }

    [Fact]
    public async Task AStoredItemThatIsNotJsonStopsNoOtherUpdate()
    {
        var storage = new MemoryStorage();
        storage.CommitElsewhere(new() { Key = new("app", "a"), Insert = [new("n", "{broken"u8.ToArray())] });
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        Assert.Equal("internal", (string?)(await client.PutAsync(Path, Increment))["error"]!["code"]);
        Assert.True((bool)(await client.PutAsync(Path, """{"insert":[{"id":"n","count":1}]}"""))["ok"]!);
        Assert.True((bool)(await client.PutAsync(Path, Increment))["ok"]!);
    }

    [Fact]
    public async Task EditsThatChangeNothingHaveTheSameLimitAsOthers()
    {
        await using var host = await LiveHost.StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync(Path, $$"""{"insert":[{"id":"n","text":"{{new string('x', 1_000_000)}}"}]}""");
        foreach (var edit in new[] { """{"id":"n","path":"count","by":0}""", """{"id":"n"}""" })
        {
            var edits = string.Join(',', Enumerable.Repeat(edit, 200));
            var update = edit.Contains("path", StringComparison.Ordinal) ? $$"""{"inc":[{{edits}}]}""" : $$"""{"patch":[{{edits}}]}""";
            Assert.Equal("limit", (string?)(await client.PutAsync(Path, update))["error"]!["code"]);
        }
    }

    private static async Task CountAsync(LiveHost[] hosts, int connections, int increments)
    {
        await Task.WhenAll(
            Enumerable.Range(0, connections).Select(async number =>
            {
                await using var client = await Client.ConnectAsync(hosts[number % hosts.Length].Url);
                for (var n = 0; n < increments; n++)
                {
                    var reply = await client.PutAsync(Path, Increment);
                    Assert.True((bool)reply["ok"]!, reply.ToJsonString());
                }
            }));
        foreach (var host in hosts)
        {
            await using var reader = await Client.ConnectAsync(host.Url);
            await Wait.UntilAsync(
                async () => (int?)(await reader.GetAsync(Path))["data"]![0]!["count"] == connections * increments, "all hosts agree");
            Assert.Equal(connections * increments, (int)(await reader.GetAsync(Path))["rev"]!);
        }
    }
}

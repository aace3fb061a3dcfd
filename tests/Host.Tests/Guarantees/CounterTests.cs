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

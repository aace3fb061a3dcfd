using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Presence on real sockets.</summary>
[Collection(Alone.Name), Trait("Category", "Alone")]
public sealed class PresenceTests
{
    private const int Clients = 1_000;
    private const string Path = "/app/items/people";

    [Fact]
    public async Task AThousandClientsThatLeaveAtOnceCauseOneCommitAndOneNotification()
    {
        var time = new FakeTimeProvider();
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(items: storage, time: time);
        await using var observer = await Client.ConnectAsync(host.Url);
        await observer.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        await observer.NotificationAsync();
        var clients = new List<Client>();
        for (var n = 0; n < Clients; n++)
        {
            clients.Add(await Client.ConnectAsync(host.Url));
            var update = $$$"""{"insert":[{"id":"{{{n}}}"}],"ephemeral":{"holder":"holder-{{{n:0000000000}}}"}}""";
            var reply = await clients[n].PutAsync(Path, update);
            Assert.True((bool)reply["ok"]!, reply.ToJsonString());
            await observer.NotificationAsync();
        }
        var removals = new List<int>();
        storage.Applied = (update, _) =>
        {
            if (update.Key.App == "app") removals.Add(update.Remove.Count);
        };

        Parallel.ForEach(clients, client => client.Socket.Abort());
        await Wait.UntilAsync(() => host.Connections == 1, "the connections have ended");
        await host.SettledAsync();
        time.Advance(TimeSpan.FromMilliseconds(200));

        var end = await observer.NotificationAsync();
        Assert.Empty((await observer.GetAsync(Path))["data"]!.AsArray());
        Assert.True((bool)end["data"]!["reset"]! || end["data"]!["remove"]!.AsArray().Count == Clients, end.ToJsonString());
        Assert.Equal([Clients], removals);
        await host.SettledAsync();
        Assert.Equal(0, observer.KeptNotifications);
    }
}

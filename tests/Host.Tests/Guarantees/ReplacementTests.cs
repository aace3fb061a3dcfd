using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>One plugin takes the place of another while it is used: nothing acknowledged is lost, and who follows notices only what
/// differs.</summary>
public sealed class ReplacementTests
{
    private const string One = """{"insert":[{"id":"1","v":1}]}""";

    [Fact]
    public async Task OnTheSameDataNobodyNotices()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await FollowerAsync(host);
        await PutAsync(client, One);
        Assert.Equal(1, (int)(await client.NotificationAsync())["rev"]!);

        for (var times = 0; times < 10; times++)
        {
            var outcome = await host.ReplaceAsync(storage);
            Assert.Null(outcome.Failure);
            Assert.Equal(0, outcome.Changed);
        }
        await PutAsync(client, """{"insert":[{"id":"2"}]}""");
        var next = await client.NotificationAsync();
        Assert.False((bool)next["data"]!["reset"]!);
        Assert.Equal((1, 2), ((int)next["prev"]!, (int)next["rev"]!));
    }

    [Fact]
    public async Task WritersInTheMeantimeWaitAndLoseNothing()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        var replacing = ReplaceManyTimesAsync();
        var answered = 0;
        for (; !replacing.IsCompleted; answered++) await PutAsync(client, $$"""{"insert":[{"id":"{{answered}}"}]}""");
        await replacing;
        Assert.Equal(answered, storage.Read(new("app", "a")).Items.Count);

        async Task ReplaceManyTimesAsync()
        {
            for (var times = 0; times < 500; times++) Assert.Null((await host.ReplaceAsync(storage)).Failure);
        }
    }

    [Fact]
    public async Task WhileOneIsOpenedWhatIsInMemoryIsServedAndUpdatesWait()
    {
        var (opening, open) = (new TaskCompletionSource(), new TaskCompletionSource());
        var next = new MemoryStorage
        {
            BeforeOpen = _ =>
            {
                opening.SetResult();
                return open.Task;
            },
        };
        await using var host = await LiveHost.StartAsync(new());
        await using var client = await FollowerAsync(host);
        await using var writer = await Client.ConnectAsync(host.Url);
        var replacing = host.ReplaceAsync(next);
        await opening.Task;
        var update = PutAsync(writer, One);
        Assert.True((bool)(await client.GetAsync("/app/items/a"))["ok"]!);
        Assert.False(update.IsCompleted);
        open.SetResult();
        Assert.Null((await replacing).Failure);
        await update;
        Assert.Equal(1, next.Commits);
    }

    [Fact]
    public async Task OneThatDoesNotOpenIsNotTakenAndTheOldOneGoesOn()
    {
        var storage = new MemoryStorage();
        var broken = new MemoryStorage
        {
            BeforeOpen = _ => throw new ItemServiceException(ItemServiceFault.Unusable, "of another program"),
        };
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await FollowerAsync(host);
        Assert.Equal("of another program", (await host.ReplaceAsync(broken)).Failure!.Message);
        await PutAsync(client, One);
        Assert.Equal((0, 1), Positions(await client.NotificationAsync()));
        Assert.Equal(1, storage.Commits);
    }

    [Fact]
    public async Task OneThatCannotReadWhatIsFollowedIsNotTaken()
    {
        var storage = new MemoryStorage();
        var broken = new MemoryStorage { BeforeLoad = (_, _) => throw new ItemServiceException(ItemServiceFault.Unusable, "damaged") };
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await FollowerAsync(host);
        Assert.Equal("damaged", (await host.ReplaceAsync(broken)).Failure!.Message);
        await PutAsync(client, One);
        Assert.Equal((0, 1), Positions(await client.NotificationAsync()));
    }

    [Fact]
    public async Task OneWhoseConstructorFailsCostsNoPause()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage);
        var outcome = await host.ReplaceAsync(new() { AtCreate = () => throw new InvalidOperationException("no library") });
        Assert.Contains("no library", outcome.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.Zero, outcome.Paused);
    }

    [Fact]
    public async Task OtherDataAreTold()
    {
        var (storage, other) = (new MemoryStorage(), new MemoryStorage { Epoch = "e2" });
        other.CommitElsewhere(Update("other"));
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await FollowerAsync(host);
        var outcome = await host.ReplaceAsync(other);
        Assert.Equal((null, 1), (outcome.Failure, outcome.Changed));
        AssertWhole(await client.NotificationAsync(), "other");
    }

    [Fact]
    public async Task OtherItemsAtTheSamePositionAreToldToo()
    {
        var (storage, other) = (new MemoryStorage(), new MemoryStorage());
        storage.CommitElsewhere(Update("1"));
        other.CommitElsewhere(Update("2"));
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await FollowerAsync(host);
        Assert.Equal(1, (await host.ReplaceAsync(other)).Changed);
        AssertWhole(await client.NotificationAsync(), "2");
    }

    [Fact]
    public async Task WhatIsKeptInMemoryMovesAlong()
    {
        var (storage, next) = (new MemoryStorage { AtOnce = true }, new MemoryStorage { AtOnce = true, Epoch = "e2" });
        storage.CommitElsewhere(Update("1"));
        storage.CommitElsewhere(new() { Key = new("else", "nobody follows it"), Insert = [Item("2")] });
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await FollowerAsync(host);
        Assert.Null((await host.ReplaceAsync(next)).Failure);
        AssertWhole(await client.NotificationAsync(), "1");
        Assert.Single(next.Read(new("else", "nobody follows it")).Items);
    }

    [Fact]
    public async Task WhatIsKeptInMemoryIsNotLostWhereTheNextOneFails()
    {
        var storage = new MemoryStorage { AtOnce = true, BeforeClose = () => throw new InvalidOperationException("it would be lost") };
        storage.CommitElsewhere(Update("1"));
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await FollowerAsync(host);
        Assert.NotNull((await host.ReplaceAsync(new() { AtOnce = true, BeforeOpen = _ => throw new InvalidOperationException() })).Failure);
        Assert.Single((await client.GetAsync("/app/items/a"))["data"]!.AsArray());
        storage.BeforeClose = null;
    }

    [Fact]
    public async Task AStorageThatIsNotOpenIsTriedWithTheNextOne()
    {
        var storage = new MemoryStorage { BeforeOpen = _ => throw new ItemServiceException(ItemServiceFault.Unavailable, "starting up") };
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        Assert.Null((await host.ReplaceAsync(new())).Failure);
        await Wait.UntilAsync(async () => (bool)(await client.PutAsync("/app/items/a", One))["ok"]!, "the next one is open");
        Assert.Equal(0, storage.Commits);
    }

    [Fact]
    public async Task AStorageThatWouldNotOpenOpensWithWhatMendsIt()
    {
        var storage = new MemoryStorage { BeforeOpen = _ => throw new ItemServiceException(ItemServiceFault.Unavailable, "starting up") };
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        Assert.Equal(
            ItemServiceFault.Unusable,
            (await host.ReplaceAsync(new() { BeforeOpen = _ => throw new ItemServiceException(ItemServiceFault.Unusable, "no") }))
                .Failure!
                .Fault);
        Assert.Null((await host.ReplaceAsync(new())).Failure);
        await Wait.UntilAsync(async () => (bool)(await client.PutAsync("/app/items/a", One))["ok"]!, "the last one is open");
    }

    [Fact]
    public async Task WhatOtherHostsCommitMeanwhileIsTold()
    {
        var storage = new MemoryStorage(hasFeed: true);
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await FollowerAsync(host);
        storage.BeforeOpen = _ =>
        {
            storage.CommitElsewhere(Update("elsewhere"));
            return Task.CompletedTask;
        };
        Assert.Null((await host.ReplaceAsync(storage)).Failure);
        Assert.Equal((0, 1), Positions(await client.NotificationAsync()));
        storage.CommitElsewhere(Update("later"));
        Assert.Equal((1, 2), Positions(await client.NotificationAsync()));
    }

    private static ItemUpdate Update(string id) => new() { Key = new("app", "a"), Insert = [Item(id)] };

    private static Item Item(string id) => new(id, System.Text.Encoding.UTF8.GetBytes($$"""{"id":"{{id}}"}"""));

    private static async Task<Client> FollowerAsync(LiveHost host)
    {
        var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/subs", """{"insert":[["/app/items/a",{}]]}""");
        await client.NotificationAsync();
        return client;
    }

    private static async Task PutAsync(Client client, string update)
    {
        var reply = await client.PutAsync("/app/items/a", update);
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
    }

    private static (int, int) Positions(JsonNode notification) => ((int)notification["prev"]!, (int)notification["rev"]!);

    private static void AssertWhole(JsonNode notification, string id)
    {
        Assert.True((bool)notification["data"]!["reset"]!);
        Assert.Equal(id, (string)notification["data"]!["insert"]!.AsArray().Single()!["id"]!);
    }
}

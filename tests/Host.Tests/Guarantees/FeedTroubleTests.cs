using System.Runtime.CompilerServices;
using System.Text;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Trouble with a feed: what is in memory is served on, and no answer about one history is applied to another.</summary>
public sealed class FeedTroubleTests
{
    [Fact]
    public async Task AFailedReadReleasesAllCollectionsThatWereHeldBack()
    {
        var storage = new MemoryStorage(hasFeed: true);
        await using var host = await LiveHost.StartAsync(storage, limits: new() { StorageTime = TimeSpan.FromSeconds(5) });
        await using var client = await Client.ConnectAsync(host.Url);
        foreach (var name in (string[])["a", "b"]) await client.PutAsync($"/app/items/{name}", """{"insert":[{"id":"1"}]}""");

        // The feed is cut: a read about one collection is under way, no list comes any more, and each later read fails.
        var reading = new TaskCompletionSource();
        storage.BeforeRead = async _ =>
        {
            reading.TrySetResult();
            await Task.Delay(Timeout.Infinite);
        };
        storage.BeforeList = stop => Task.Delay(Timeout.Infinite, stop);
        storage.CommitElsewhere(new() { Key = new("app", "a"), Insert = [new("2", """{"id":"2"}"""u8.ToArray())] });
        storage.BeforeList = null;
        await reading.Task.WaitAsync(TimeSpan.FromSeconds(20));
        storage.BeforeList = stop => Task.Delay(Timeout.Infinite, stop);
        storage.BeforeRead = _ => throw new ItemServiceException(ItemServiceFault.Unavailable, "away");

        // After three seconds without a list nothing is served before the host has asked; the failed read says that there is no storage to
        // ask.
        await Wait.UntilAsync(
            async () =>
            {
                var asked = DateTime.UtcNow;
                var both = (bool)(await client.GetAsync("/app/items/b"))["ok"]! && (bool)(await client.GetAsync("/app/items/a"))["ok"]!;
                return both && DateTime.UtcNow - asked > TimeSpan.FromSeconds(1);
            },
            "collections are held back, and then served");
        Assert.True((bool)(await client.GetAsync("/app/items/b"))["ok"]!);
    }

    [Fact]
    public async Task ACollectionThatOthersChangeAllTheTimeIsServedAgainAfterASuspension()
    {
        var storage = new MemoryStorage(hasFeed: true);
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"}]}""");

        // No list comes, as in a suspension, until the host holds the collection back; and each answer names a commit.
        var lists = new TaskCompletionSource();
        var number = 0;
        storage.BeforeRead = _ =>
        {
            var id = $"{Interlocked.Increment(ref number) % 10}";
            storage.CommitElsewhere(new() { Key = new("app", "a"), Insert = [new(id, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}"}"""))] });
            return Task.CompletedTask;
        };
        storage.BeforeList = stop => lists.Task.WaitAsync(stop);
        var held = client.GetAsync("/app/items/a");
        await Wait.UntilAsync(
            async () =>
            {
                if (await Task.WhenAny(held, Task.Delay(200)) != held) return true;
                held = client.GetAsync("/app/items/a");
                return false;
            },
            "the collection is held back");
        lists.SetResult();
        Assert.True((bool)(await held)["ok"]!);
    }

    [Fact]
    public async Task AnAnswerAboutOneEpochIsNotAppliedInTheNextOne()
    {
        var lineage = new Lineage();
        await using var host = await LiveHost.StartAsync(new MemoryStorage());
        Assert.Null((await host.SwapAsync(() => lineage)).Failure);
        await using var client = await Client.ConnectAsync(host.Url);
        Assert.Equal("old", (string?)(await client.GetAsync("/app/items/a"))["data"]![0]!["id"]);

        lineage.Tell.SetResult();   // another host brought the collection to e1:2, and this host asks what came after e1:1
        await lineage.Asked.Task.WaitAsync(TimeSpan.FromSeconds(20));
        lineage.Replaced = true;    // the history of the storage is replaced: the collection stands at e2:1
        Assert.False((bool)(await client.PutAsync("/app/items/a", """{"insert":[{"id":"z"}]}"""))["ok"]!);
        Assert.Equal("new", (string?)(await client.GetAsync("/app/items/a"))["data"]![0]!["id"]);
        await client.PutAsync("/subs", """{"insert":[["/app/items/a",{}]]}""");
        await client.NotificationAsync();

        lineage.Second = true;      // another host commits e2:2
        lineage.Answer.SetResult(); // the answer about e1 arrives first
        var change = await client.NotificationAsync();
        Assert.Equal("real", (string?)change["data"]!["insert"]!.AsArray()[^1]!["id"]);
        var items = (await client.GetAsync("/app/items/a"))["data"]!.AsArray();
        Assert.Equal(["new", "real"], items.Select(item => (string?)item!["id"]));
    }

    /// <summary>A storage with a feed whose history is replaced in the middle of a question.</summary>
    private sealed class Lineage : IItemService, IItemFeed
    {
        private static readonly CollectionKey Key = new("app", "a");

        public TaskCompletionSource Tell { get; } = New();

        public TaskCompletionSource Asked { get; } = New();

        public TaskCompletionSource Answer { get; } = New();

        public bool Replaced { get; set; }

        public bool Second { get; set; }

        private StoredCollection Stored => (Replaced, Second) switch
        {
            (false, _) => new(new("e1", 1), [Item("old", 1)]),
            (true, false) => new(new("e2", 1), [Item("new", 1)]),
            (true, true) => new(new("e2", 2), [Item("new", 1), Item("real", 2)]),
        };

        public ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop) => default;

        public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop) => new(Stored);

        public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop) =>
            throw new ItemServiceException(ItemServiceFault.OutcomeUnknown, "the connection broke");

        public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
        {
            await Task.CompletedTask;
            yield break;
        }

        public async IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync([EnumeratorCancellation] CancellationToken stop)
        {
            yield return [];
            await Tell.Task.WaitAsync(stop);
            yield return [new(Key, new("e1", 2))];
            while (true)
            {
                await Task.Delay(200, stop);
                yield return Second ? [new(Key, new("e2", 2))] : [];
            }
        }

        public async ValueTask<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(
            IReadOnlyList<CollectionPosition> since, CancellationToken stop)
        {
            if (Replaced) return [.. since.Select(Commits)];
            if (!Tell.Task.IsCompleted) return [.. since.Select(_ => (IReadOnlyList<ItemCommit>?)[])];
            Asked.TrySetResult();
            await Answer.Task;
            return [[Commit("ghost")]];
        }

        public ValueTask DisposeAsync() => default;

        private IReadOnlyList<ItemCommit>? Commits(CollectionPosition since) => since.Position switch
        {
            ("e2", 1) => Second ? [Commit("real")] : [],
            ("e2", 2) when Second => [],
            _ => null,
        };

        private static ItemCommit Commit(string id) => new(2, new() { Key = Key, Insert = [new(id, Json(id))] });

        private static StoredItem Item(string id, long revision) => new(id, Json(id), revision);

        private static byte[] Json(string id) => Encoding.UTF8.GetBytes($$"""{"id":"{{id}}"}""");

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

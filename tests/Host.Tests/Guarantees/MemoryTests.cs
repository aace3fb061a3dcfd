using System.Collections.Concurrent;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>What stays in memory, and in storage, of collections that no client uses.</summary>
public sealed class MemoryTests
{
    [Fact]
    public async Task ACollectionThatWasNeverWrittenLeavesMemoryWithItsLastSubscriber()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage, limits: new() { CollectionIdleTime = TimeSpan.FromHours(1) });
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/subs", """{"insert":[["/app/items/a",{}],["/app/items/b",{}]]}""");
        for (var count = 0; count < 2; count++) await client.NotificationAsync();
        await client.PutAsync("/app/items/b", """{"insert":[{"id":"1"}]}""");
        await client.PutAsync("/subs", """{"insert":[]}""");

        // A collection that is still in memory is not read again.
        var loads = storage.Loads;
        await client.GetAsync("/app/items/b");
        Assert.Equal(loads, storage.Loads);
        await client.GetAsync("/app/items/a");
        Assert.Equal(loads + 1, storage.Loads);
    }

    [Fact]
    public async Task AnEmptiedCollectionIsForgottenWhenNoClientHasUsedItForAWhile()
    {
        var emptied = new Emptied();
        await using var host = await LiveHost.StartAsync(new MemoryStorage(), limits: new() { EmptyTime = TimeSpan.FromMilliseconds(400) });
        Assert.Null((await host.SwapAsync(() => emptied)).Failure);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/subs", """{"insert":[["/app/items/used",{}]]}""");
        await client.NotificationAsync();
        emptied.Add("left", revision: 3);
        emptied.Add("used", revision: 5);
        emptied.Add("moving", revision: 1);

        await Wait.UntilAsync(
            () =>
            {
                emptied.Move("moving");
                return !emptied.Forgotten.IsEmpty;
            },
            "a collection is forgotten");
        Assert.Equal([new CollectionPosition(new("app", "left"), new("e", 3))], emptied.Forgotten);

        await client.PutAsync("/subs", """{"insert":[]}""");
        await Wait.UntilAsync(
            () => emptied.Forgotten.Any(collection => collection.Key.Collection == "used"),
            "a collection that was used is forgotten later");
    }

    /// <summary>A storage that holds emptied collections only.</summary>
    private sealed class Emptied : IItemService
    {
        private readonly ConcurrentDictionary<string, long> _collections = new();

        public ConcurrentQueue<CollectionPosition> Forgotten { get; } = new();

        public void Add(string name, long revision) => _collections[name] = revision;

        public void Move(string name) => _collections[name]++;

        public ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop) => default;

        public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop) =>
            new(new StoredCollection(new("e", _collections.GetValueOrDefault(key.Collection)), []));

        public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop) =>
            throw new NotSupportedException();

        public IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop) => AsyncEnumerable.Empty<CollectionKey>();

        public IAsyncEnumerable<CollectionPosition> ListEmptiedAsync(CancellationToken stop) =>
            _collections.Select(pair => new CollectionPosition(new("app", pair.Key), new("e", pair.Value))).ToArray().ToAsyncEnumerable();

        public ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop)
        {
            if (!_collections.TryRemove(KeyValuePair.Create(key.Collection, at.Revision))) return new(false);
            Forgotten.Enqueue(new(key, at));
            return new(true);
        }

        public ValueTask DisposeAsync() => default;
    }
}

using SharedState;

namespace TestPlugins;

/// <summary>A service that stores nothing: what the test plugins have in common.</summary>
public abstract class EmptyItemService : IItemService
{
    public virtual ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop) => default;

    /// <summary>Opening changes nothing, so that it may be tried.</summary>
    public async ValueTask<IReadOnlyList<StorageChange>?> PlanAsync(ItemServiceContext context, CancellationToken stop)
    {
        await OpenAsync(context, stop);
        return [];
    }

    public virtual ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop) =>
        new(new StoredCollection(new Position("test", 0), []));

    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop) =>
        new(batch.Select(_ => new CommitResult(CommitStatus.Unchanged, new Position("test", 0))).ToArray());

    public IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop) => AsyncEnumerable.Empty<CollectionKey>();

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }
}

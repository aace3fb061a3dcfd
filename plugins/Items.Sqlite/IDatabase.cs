namespace SharedState.Items.Sqlite;

/// <summary>An open database. The contract's words on threads and errors hold.</summary>
internal interface IDatabase : IAsyncDisposable
{
    /// <summary>Reads one collection, all at one position.</summary>
    ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop);

    /// <summary>Stores a batch in one transaction.</summary>
    ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop);

    /// <summary>Names the collections that hold items.</summary>
    IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop);

    /// <summary>Names the collections that have a history and no items.</summary>
    IAsyncEnumerable<CollectionPosition> ListEmptiedAsync(CancellationToken stop);

    /// <summary>Forgets a collection's history if the collection has no items and stands at this position.</summary>
    ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop);
}

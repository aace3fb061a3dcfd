using System.Runtime.CompilerServices;

namespace SharedState.Items.Sqlite;

/// <summary>A database in memory: dictionaries under one lock. Nothing in it waits, so every call is done when it returns.</summary>
internal sealed class MemoryDatabase : IDatabase
{
    private readonly SqliteOptions _options;

    /// <summary>The epoch of collections that have no history.</summary>
    private string _epoch = Epoch.New();

    /// <summary>Held by each call for all of its work: what a load sees is before or after a batch.</summary>
    private readonly Lock _lock = new();
    private readonly Dictionary<CollectionKey, MemoryCollection> _collections = [];
    private bool _closed;

    public MemoryDatabase(SqliteOptions options, ItemServiceContext context)
    {
        _options = options;
        context.Logger.OpenedInMemory(context.ServiceName);
    }

    public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        lock (_lock)
        {
            Check(stop);
            return new(
                _collections.TryGetValue(key, out var collection) ? collection.Load() : new StoredCollection(new Position(_epoch, 0), []));
        }
    }

    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        lock (_lock)
        {
            if (stop.IsCancellationRequested) throw Faults.Cancelled(_options.Name);
            Check(stop);
            var results = new CommitResult[batch.Count];
            for (var i = 0; i < results.Length; i++)
            {
                var update = batch[i];
                if (!_collections.TryGetValue(update.Key, out var collection))
                {
                    collection = new MemoryCollection(_epoch, _options.RemovalsKept);
                    if (update.Insert.Count > 0) _collections.Add(update.Key, collection);
                }
                var status = collection.Apply(update);
                results[i] = new CommitResult(status, collection.Position);
            }
            return new(results);
        }
    }

    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        var keys = new List<CollectionKey>();
        lock (_lock)
        {
            Check(stop);
            foreach (var (key, collection) in _collections)
            {
                if (!collection.IsEmpty && (app is null || key.App == app)) keys.Add(key);
            }
        }
        foreach (var key in keys) yield return key;
        await Task.CompletedTask;
    }

    public async IAsyncEnumerable<CollectionPosition> ListEmptiedAsync([EnumeratorCancellation] CancellationToken stop)
    {
        CollectionPosition[] emptied;
        lock (_lock)
        {
            Check(stop);
            emptied =
            [
                .. _collections
                    .Where(entry => entry.Value.IsEmpty)
                    .Select(entry => new CollectionPosition(entry.Key, entry.Value.Position)),
            ];
        }
        foreach (var collection in emptied) yield return collection;
        await Task.CompletedTask;
    }

    public ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop)
    {
        lock (_lock)
        {
            Check(stop);
            if (!_collections.TryGetValue(key, out var collection)) return new(at == new Position(_epoch, 0));
            if (!collection.IsEmpty || collection.Position != at) return new(false);
            _collections.Remove(key);

            // The collection may begin again: its revisions must be those of another epoch.
            _epoch = Epoch.New();
            return new(true);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _closed = true;
            _collections.Clear();
        }
        return ValueTask.CompletedTask;
    }

    private void Check(CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        if (_closed) throw Faults.Closed(_options.Name);
    }
}

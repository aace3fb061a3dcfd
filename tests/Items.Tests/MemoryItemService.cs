using System.Runtime.CompilerServices;

namespace SharedState.Items.Tests;

/// <summary>The contract in its simplest form: dictionaries. It remembers every removal, and all is gone when it is closed.</summary>
public sealed class MemoryItemService : IItemService
{
    private readonly Lock _lock = new();
    private readonly string _epoch = Guid.NewGuid().ToString("N");
    private readonly Dictionary<CollectionKey, Collection> _collections = [];
    private bool _closed;

    public ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop) => ValueTask.CompletedTask;

    public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        lock (_lock)
        {
            Check(stop);
            if (!_collections.TryGetValue(key, out var collection)) collection = new Collection();
            return ValueTask.FromResult(new StoredCollection(new Position(_epoch, collection.Revision), [.. collection.Items.Values])
            {
                Tombstones = [.. collection.Removals.Select(removal => new Tombstone(removal.Key, removal.Value))],
                HistoryStart = collection.HistoryStart,
            });
        }
    }

    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        lock (_lock)
        {
            Check(stop);
            var results = new CommitResult[batch.Count];
            for (var i = 0; i < results.Length; i++)
            {
                if (!_collections.TryGetValue(batch[i].Key, out var collection)) _collections.Add(batch[i].Key, collection = new Collection());
                var conflict = batch[i].Expected is { } expected && expected != new Position(_epoch, collection.Revision);
                var status = conflict ? CommitStatus.Conflict : collection.Apply(batch[i]) ? CommitStatus.Committed : CommitStatus.Unchanged;
                results[i] = new CommitResult(status, new Position(_epoch, collection.Revision));
            }
            return ValueTask.FromResult<IReadOnlyList<CommitResult>>(results);
        }
    }

    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        CollectionKey[] keys;
        lock (_lock)
        {
            Check(stop);
            keys = [.. _collections.Where(entry => entry.Value.Items.Count > 0 && (app ?? entry.Key.App) == entry.Key.App).Select(entry => entry.Key)];
        }
        foreach (var key in keys) yield return key;
        await Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        lock (_lock) _closed = true;
        return ValueTask.CompletedTask;
    }

    private void Check(CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        if (_closed) throw new ItemServiceException(ItemServiceFault.Unavailable, "closed");
    }

    private sealed class Collection
    {
        public Dictionary<string, StoredItem> Items { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, long> Removals { get; } = new(StringComparer.Ordinal);

        public long Revision { get; private set; }

        public long HistoryStart { get; private set; }

        /// <summary>Applies an update and says whether it had an effect.</summary>
        public bool Apply(ItemUpdate update)
        {
            var revision = Revision + 1;
            var effective = update.Insert.Count > 0 || (update.Reset && Items.Count > 0);
            if (update.Reset && effective)
            {
                Items.Clear();
                Removals.Clear();
                HistoryStart = revision;
            }
            foreach (var id in update.Remove)
            {
                if (!Items.Remove(id)) continue;
                Removals[id] = revision;
                effective = true;
            }
            foreach (var item in update.Insert)
            {
                Items[item.Id] = new StoredItem(item.Id, item.Json.ToArray(), revision);
                Removals.Remove(item.Id);
            }
            if (effective) Revision = revision;
            return effective;
        }
    }
}

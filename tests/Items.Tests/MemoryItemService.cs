using System.Runtime.CompilerServices;

namespace SharedState.Items.Tests;

/// <summary>
/// The contract in its simplest form: dictionaries, which all services of one <c>db_name</c> share. It remembers every commit and every
/// removal, and all is gone when the last of the services is closed.
/// </summary>
internal sealed class MemoryItemService : IItemService, IItemFeed
{
    private static readonly Lock _lock = new();
    private static readonly Dictionary<string, Storage> _storages = [];

    private string _name = "";
    private Storage? _storage;

    public ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        lock (_lock)
        {
            _name = context.GetString("db_name", "");
            if (!_storages.TryGetValue(_name, out _storage)) _storages.Add(_name, _storage = new Storage());
            _storage.Services++;
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        lock (_lock)
        {
            var collection = Opened(stop).Find(key);
            return ValueTask.FromResult(new StoredCollection(collection.Position, [.. collection.Items.Values])
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
            if (stop.IsCancellationRequested) throw new ItemServiceException(ItemServiceFault.Unavailable, "cancelled");
            var storage = Opened(stop);
            return ValueTask.FromResult<IReadOnlyList<CommitResult>>([.. batch.Select(storage.Commit)]);
        }
    }

    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        CollectionKey[] keys;
        lock (_lock) keys = [.. Opened(stop).Collections.Where(entry => entry.Value.Items.Count > 0
            && (app ?? entry.Key.App) == entry.Key.App).Select(entry => entry.Key)];
        foreach (var key in keys) yield return key;
        await Task.CompletedTask;
    }

    public async IAsyncEnumerable<CollectionPosition> ListEmptiedAsync([EnumeratorCancellation] CancellationToken stop)
    {
        CollectionPosition[] emptied;
        lock (_lock)
        {
            emptied =
            [
                .. Opened(stop)
                    .Collections.Where(entry => entry.Value.Items.Count == 0)
                    .Select(entry => new CollectionPosition(entry.Key, entry.Value.Position)),
            ];
        }
        foreach (var collection in emptied) yield return collection;
        await Task.CompletedTask;
    }

    public ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop)
    {
        lock (_lock) return ValueTask.FromResult(Opened(stop).Forget(key, at));
    }

    /// <summary>Forgets a collection wherever it stands and whatever it holds, which no storage may do.</summary>
    public bool Drop(CollectionKey key)
    {
        lock (_lock) return Opened(CancellationToken.None).Collections.Remove(key);
    }

    public async IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync([EnumeratorCancellation] CancellationToken stop)
    {
        // It looks after it was asked, so that a list has all that was committed before. A storage that is far away would wake it up.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (int? told = null; ; await timer.WaitForNextTickAsync(stop))
        {
            CollectionPosition[] news;
            lock (_lock)
            {
                var log = Opened(stop).Log;
                news = [.. log.Skip(told ?? log.Count)];
                told = log.Count;
            }
            yield return news;
        }
    }

    public ValueTask<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(IReadOnlyList<CollectionPosition> since, CancellationToken stop)
    {
        lock (_lock)
        {
            var storage = Opened(stop);
            return ValueTask.FromResult<IReadOnlyList<IReadOnlyList<ItemCommit>?>>([
                .. since.Select(at => storage.Find(at.Key).Since(at.Position)),
            ]);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_storage is not null && --_storage.Services == 0) _storages.Remove(_name);
            _storage = null;
            return ValueTask.CompletedTask;
        }
    }

    private Storage Opened(CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        return _storage ?? throw new ItemServiceException(ItemServiceFault.Unavailable, "closed");
    }

    private sealed class Storage
    {
        private string _epoch = Guid.NewGuid().ToString("N");

        public int Services { get; set; }

        public Dictionary<CollectionKey, Collection> Collections { get; } = [];

        /// <summary>Where each commit led to.</summary>
        public List<CollectionPosition> Log { get; } = [];

        public Collection Find(CollectionKey key) => Collections.GetValueOrDefault(key) ?? new Collection(_epoch);

        public CommitResult Commit(ItemUpdate update)
        {
            var collection = Find(update.Key);
            if (update.Expected is { } expected && expected != collection.Position)
                return new CommitResult(CommitStatus.Conflict, collection.Position);
            if (!collection.Apply(update)) return new CommitResult(CommitStatus.Unchanged, collection.Position);
            Collections[update.Key] = collection;
            Log.Add(new CollectionPosition(update.Key, collection.Position));
            return new CommitResult(CommitStatus.Committed, collection.Position);
        }

        public bool Forget(CollectionKey key, Position at)
        {
            var collection = Find(key);
            if (collection.Items.Count > 0 || collection.Position != at) return false;
            if (Collections.Remove(key)) _epoch = Guid.NewGuid().ToString("N");
            return true;
        }
    }

    private sealed class Collection(string epoch)
    {
        private readonly List<ItemCommit> _commits = [];

        public Dictionary<string, StoredItem> Items { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, long> Removals { get; } = new(StringComparer.Ordinal);

        public Position Position => new(epoch, _commits.Count);

        public long HistoryStart { get; private set; }

        /// <summary>Applies an update and says whether it had an effect.</summary>
        public bool Apply(ItemUpdate update)
        {
            var revision = _commits.Count + 1;
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
                Items[item.Id] = new StoredItem(item.Id, item.Json, revision);
                Removals.Remove(item.Id);
            }
            if (effective) _commits.Add(new ItemCommit(revision, update));
            return effective;
        }

        public IReadOnlyList<ItemCommit>? Since(Position position) =>
            position.Epoch == epoch && position.Revision <= _commits.Count ? _commits[(int)position.Revision..] : null;
    }
}

using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace SharedState.Host.Tests.Engine;

/// <summary>
/// Storage in memory that survives its service, so that a test can stop a host and start another on it; and that can be told to fail,
/// to wait, to hang. Several hosts may use it at once, which <paramref name="hasFeed"/> then tells of each other.
/// </summary>
internal sealed class MemoryStorage(bool hasFeed = false)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<CollectionKey, Stored> _collections = [];
    private readonly List<(Channel<CollectionPosition> Positions, CancellationToken Death)> _watchers = []; // each with its host

    public string Epoch { get; set; } = "e1";

    /// <summary>Runs before each commit is applied; throws to fail it.</summary>
    public Func<IReadOnlyList<ItemUpdate>, CancellationToken, Task>? BeforeCommit { get; set; }

    /// <summary>Runs after each commit was applied, before it is answered.</summary>
    public Func<IReadOnlyList<ItemUpdate>, Task>? AfterCommit { get; set; }

    /// <summary>Changes what a commit returns, as a plugin with a bug would.</summary>
    public Func<IReadOnlyList<CommitResult>, IReadOnlyList<CommitResult>>? Results { get; set; }

    /// <summary>Changes what a load returns, as a plugin with a bug would.</summary>
    public Func<StoredCollection, StoredCollection>? Loaded { get; set; }

    /// <summary>Sees each update that took effect, and what is stored after it. Runs within the commit, on its thread.</summary>
    public Action<ItemUpdate, StoredCollection>? Applied { get; set; }

    /// <summary>The clock of its feed.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    public Func<CollectionKey, CancellationToken, Task>? BeforeLoad { get; set; }

    /// <summary>Runs after the names of collections were read, before they are returned.</summary>
    public Func<Task>? AfterListing { get; set; }

    /// <summary>Runs in a service's constructor.</summary>
    public Action? AtCreate { get; set; }

    public Func<CancellationToken, Task>? BeforeOpen { get; set; }

    public Func<Task>? BeforeClose { get; set; }

    /// <summary>Runs before a feed gives its next list.</summary>
    public Func<CancellationToken, Task>? BeforeList { get; set; }

    /// <summary>Runs before a feed reads; throws to fail it.</summary>
    public Func<IReadOnlyList<CollectionPosition>, Task>? BeforeRead { get; set; }

    /// <summary>How many commits a feed gives at most for one collection at a time.</summary>
    public int MostCommits { get; set; } = int.MaxValue;

    /// <summary>Whether its services say that they are in memory, and are gone when they are closed.</summary>
    public bool AtOnce { get; init; }

    public int Commits { get; private set; }

    public int Loads { get; private set; }

    /// <summary>How often collections were listed.</summary>
    public int Listings { get; private set; }

    /// <summary>How often a feed was asked what was committed.</summary>
    public int Reads { get; private set; }

    /// <summary>A service for a host, whose calls fail from the <paramref name="death"/> of the host on, and have no effect
    /// then.</summary>
    public IItemService CreateService(CancellationToken death = default)
    {
        AtCreate?.Invoke();
        return hasFeed ? new FeedService(this, death) : new Service(this, death);
    }

    /// <summary>The number of feeds that have ended.</summary>
    public int EndedFeeds { get; private set; }

    /// <summary>Whether a feed is read by the host with a <paramref name="death"/>.</summary>
    public bool IsWatched(CancellationToken death)
    {
        lock (_gate) return _watchers.Exists(watcher => watcher.Death == death);
    }

    /// <summary>What is stored, as a snapshot.</summary>
    public StoredCollection Read(CollectionKey key)
    {
        lock (_gate)
        {
            if (!_collections.TryGetValue(key, out var stored)) return new(new(Epoch, 0), []);
            return new(new(Epoch, stored.Revision), [.. stored.Items.Values])
            {
                Tombstones = [.. stored.Tombstones.Select(pair => new Tombstone(pair.Key, pair.Value))],
                HistoryStart = stored.HistoryStart,
            };
        }
    }

    /// <summary>Loses what a storage may lose: remembered removals, and with <paramref name="epoch"/> the lineage of all
    /// revisions.</summary>
    public void LoseHistory(string? epoch = null)
    {
        lock (_gate)
        {
            if (epoch is not null) Epoch = epoch;
            foreach (var stored in _collections.Values)
            {
                stored.Tombstones.Clear();
                stored.History.Clear();
                stored.HistoryStart = stored.Revision;
            }
        }
    }

    /// <summary>Commits as another program or host does.</summary>
    public CommitResult CommitElsewhere(ItemUpdate update)
    {
        lock (_gate) return Apply(update);
    }

    private CommitResult Apply(ItemUpdate update)
    {
        var result = Store(update);
        if (result.Status != CommitStatus.Committed) return result;
        _collections[update.Key].History.Add(new(result.Position.Revision, update));
        foreach (var watcher in _watchers) watcher.Positions.Writer.TryWrite(new(update.Key, result.Position));
        Applied?.Invoke(update, Read(update.Key));
        return result;
    }

    private CommitResult Store(ItemUpdate update)
    {
        if (!_collections.TryGetValue(update.Key, out var stored)) _collections.Add(update.Key, stored = new());
        if (update.Expected is { } expected && expected != new Position(Epoch, stored.Revision))
            return new(CommitStatus.Conflict, new(Epoch, stored.Revision));
        var effective = update.Insert.Count > 0 || (update.Reset ? stored.Items.Count > 0 : update.Remove.Any(stored.Items.ContainsKey));
        if (!effective) return new(CommitStatus.Unchanged, new(Epoch, stored.Revision));
        var revision = ++stored.Revision;
        if (update.Reset)
        {
            stored.Items.Clear();
            stored.Tombstones.Clear();
            stored.HistoryStart = revision;
        }
        foreach (var id in update.Remove)
        {
            if (stored.Items.Remove(id)) stored.Tombstones[id] = revision;
        }
        foreach (var item in update.Insert)
        {
            stored.Tombstones.Remove(item.Id);
            stored.Items[item.Id] = new(item.Id, item.Json, revision);
        }
        return new(CommitStatus.Committed, new(Epoch, revision));
    }

    private sealed class Stored
    {
        public Dictionary<string, StoredItem> Items { get; } = [];

        public Dictionary<string, long> Tombstones { get; } = [];

        public List<ItemCommit> History { get; } = [];

        public long Revision { get; set; }

        public long HistoryStart { get; set; }
    }

    /// <summary>Awaits what a test does before a call, and fails if the host is dead then.</summary>
    private static async Task AliveAsync(Task? before, CancellationToken death)
    {
        if (before is not null) await before.WaitAsync(death);
        death.ThrowIfCancellationRequested();
    }

    private class Service(MemoryStorage storage, CancellationToken death) : IItemService
    {
        public bool CommitsAtOnce => storage.AtOnce;

        protected CancellationToken Death => death;

        public async ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
        {
            await AliveAsync(storage.BeforeOpen?.Invoke(stop), death);
        }

        public async ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
        {
            await AliveAsync(storage.BeforeLoad?.Invoke(key, stop), death);
            lock (storage._gate) storage.Loads++;
            return storage.Loaded is { } loaded ? loaded(storage.Read(key)) : storage.Read(key);
        }

        public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
        {
            await AliveAsync(storage.BeforeCommit?.Invoke(batch, stop), death);
            CommitResult[] results;
            lock (storage._gate)
            {
                storage.Commits++;
                results = [.. batch.Select(storage.Apply)];
            }
            if (storage.AfterCommit is { } after) await after(batch);
            return storage.Results is { } change ? change(results) : results;
        }

        public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
        {
            List<CollectionKey> keys;
            lock (storage._gate) storage.Listings++;
            lock (storage._gate) keys = [.. storage._collections.Where(pair => pair.Value.Items.Count > 0
                && (app is null || pair.Key.App == app)).Select(pair => pair.Key)];
            if (storage.AfterListing is { } after) await after();
            foreach (var key in keys) yield return key;
        }

        public ValueTask DisposeAsync() => storage.BeforeClose is { } before ? new(before()) : ValueTask.CompletedTask;
    }

    private sealed class FeedService(MemoryStorage storage, CancellationToken death) : Service(storage, death), IItemFeed
    {
        private static readonly TimeSpan _listTime = TimeSpan.FromMilliseconds(200);

        private readonly MemoryStorage _storage = storage;

        public async IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync([EnumeratorCancellation] CancellationToken stop)
        {
            // The thread of the commit ends the wait, not one of the pool. So runs on one thread can be repeated.
            var channel = Channel.CreateUnbounded<CollectionPosition>(new() { AllowSynchronousContinuations = true });
            lock (_storage._gate) _storage._watchers.Add((channel, Death));
            try
            {
                while (true)
                {
                    if (_storage.BeforeList is { } before) await before(stop);
                    var list = new List<CollectionPosition>();
                    while (channel.Reader.TryRead(out var position)) list.Add(position);
                    yield return list;
                    await ((Task)channel.Reader.WaitToReadAsync(stop).AsTask())
                        .WaitAsync(_listTime, _storage.Time, stop)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
                    await Task.Yield(); // out of the commit
                    stop.ThrowIfCancellationRequested();
                }
            }
            finally
            {
                lock (_storage._gate)
                {
                    _storage._watchers.Remove((channel, Death));
                    _storage.EndedFeeds++;
                }
            }
        }

        public async ValueTask<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(
            IReadOnlyList<CollectionPosition> since, CancellationToken stop)
        {
            if (_storage.BeforeRead is { } before) await before(since);
            lock (_storage._gate)
            {
                _storage.Reads++;
                return [.. since.Select(Since)];
            }
        }

        private IReadOnlyList<ItemCommit>? Since(CollectionPosition since)
        {
            var (epoch, revision) = since.Position;
            var history = _storage._collections.GetValueOrDefault(since.Key)?.History ?? [];
            var newest = _storage._collections.GetValueOrDefault(since.Key)?.Revision ?? 0;
            if (epoch != _storage.Epoch || revision > newest) return null;
            var commits = history.Where(commit => commit.Revision > revision).Take(_storage.MostCommits).ToList();
            return revision == newest || (commits.Count > 0 && commits[0].Revision == revision + 1) ? commits : null;
        }
    }
}

using System.Collections.Concurrent;
using SharedState.Host.Contents;

namespace SharedState.Host.Storages;

/// <summary>A service's plugin, behind limits: the host waits for no call longer than <see cref="Limits.StorageTime"/>.</summary>
internal sealed class ServiceStorage : IAsyncDisposable
{
    // No plugin treats it differently, and a list of its collections is short.
    private const string ProbedApp = "sharedstate-probe";

    private readonly Limits _limits;
    private readonly PluginInstances _instances;
    private readonly StorageReads _reads;
    private readonly StorageCommit _commit;
    private readonly ConcurrentDictionary<CollectionKey, bool> _loading = new(); // also those that were given up on and still hang
    private readonly StorageInUse _current;
    private readonly StorageExchange _exchange;
    private readonly StorageWatch _watch;

    /// <param name="source">Makes the plugin's service, once for each attempt to open it.</param>
    /// <param name="limits">The bounds on its calls.</param>
    /// <param name="time">The time.</param>
    /// <param name="scheduler">Where the plugin's calls, and the writer's loop, run. Default: the thread pool. A test's own makes a run
    /// repeatable.</param>
    public ServiceStorage(StorageSource source, Limits limits, TimeProvider time, TaskScheduler? scheduler = null)
    {
        (_limits, Scheduler) = (limits, scheduler ?? TaskScheduler.Default);
        _current = new(source);
        var calls = new PluginCalls(time, Scheduler);
        _instances = new(calls, limits.StorageTime);
        _reads = new(calls, limits.StorageTime, time);
        Health = new(ProbeAsync, Logger, ServiceName, time);
        _commit = new(Scheduler, time, Health);
        _exchange = new(_current, _instances, calls, limits.StorageTime, time, () => Stuck);
        _watch = new(calls, limits.StorageTime, time, Health, failure => Broke?.Invoke(failure));
    }

    public string ServiceName => _current.Source.Context.ServiceName;

    public ILogger Logger => _current.Source.Context.Logger;

    public TaskScheduler Scheduler { get; }

    /// <summary>Where instances come from.</summary>
    public StorageSource Source => _current.Source;

    /// <summary>Gets the failure of a read with which the plugin requests another instance. Any thread.</summary>
    public Action<ItemServiceException>? Broke { get; set; }

    /// <summary>The outcome of the last calls.</summary>
    public StorageHealth Health { get; }

    /// <summary>Whether there is an instance to call.</summary>
    public bool IsOpen => _current.Service is not null;

    /// <summary>Whether the data does not outlive the service.</summary>
    public bool IsInMemory => _current.Service is { CommitsAtOnce: true };

    /// <summary>Whether the plugin reports the commits of other hosts.</summary>
    public bool HasFeed => _current.Service is IItemFeed;

    /// <summary>
    /// Whether an abandoned call that changes data may still take effect. Until it ends, a read may not return the final state, and another
    /// such call would only block another thread.
    /// </summary>
    public bool Stuck => _instances.Stuck || _commit.Stuck;

    /// <summary>Sets the source of instances from the next attempt to open on. For a storage that is not open.</summary>
    public void Use(StorageSource next) => _current.Source = next;

    /// <summary>One attempt to open; a failed one leaves nothing behind.</summary>
    public async Task OpenAsync(CancellationToken stop)
    {
        try
        {
            if (Stuck) throw StorageFault.Silent(ItemServiceFault.Unavailable);
            _current.Service = await _instances.OpenAsync(_current.Source, null, stop);
        }
        catch (ItemServiceException exception)
        {
            Health.Note(StorageCall.Open, exception);
            throw;
        }
    }

    /// <summary>The changes that opening would make, from a new instance that is kept until the storage is disposed of.</summary>
    /// <returns>Null if the plugin cannot plan.</returns>
    public async Task<IReadOnlyList<StorageChange>?> PlanAsync()
    {
        _current.Service = await _instances.CreateAsync(_current.Source);
        return await _instances.PlanAsync(_current.Service, _current.Source.Context);
    }

    /// <summary>A new instance of another source, which is not opened yet.</summary>
    /// <exception cref="ItemServiceException">The plugin's constructor failed, or does not end.</exception>
    public Task<IItemService> PrepareAsync(StorageSource next) => _instances.CreateAsync(next);

    /// <summary>
    /// Replaces the current instance by one of another source. No commit may run meanwhile; reads wait. The old instance is closed before
    /// the new one is opened, because both may need the same files. If the new one cannot be kept, another instance of the old source is
    /// opened.
    /// </summary>
    /// <param name="next">The source of the new instance.</param>
    /// <param name="instance">The new one, not opened yet.</param>
    /// <param name="check">Checks the open new instance; throws if it must not be kept.</param>
    /// <param name="stop">Ends the attempts to open the old source again; nothing is open then.</param>
    /// <returns>The reason why the old source remains in use; null if the next one is in use.</returns>
    public async Task<ItemServiceException?> ExchangeAsync(
        StorageSource next, IItemService instance, Func<Task> check, CancellationToken stop)
    {
        try
        {
            if (!await _reads.PauseAsync() || Stuck)
            {
                await _instances.CloseAsync(instance, next.Context, stuck: false);
                return new(ItemServiceFault.Unavailable, "the plugin that it is to replace is in a call that does not end");
            }
            return await _exchange.RunAsync(next, instance, check, stop);
        }
        finally
        {
            _reads.Resume();
            Health.Clear();
        }
    }

    /// <summary>Reads a collection and puts it in order, which takes a while if it is large.</summary>
    /// <param name="key">The collection.</param>
    /// <param name="checking">Whether this belongs to the check of a replacement, which other reads wait for.</param>
    /// <param name="client">The client for which it is read, if there is one.</param>
    public async Task<ItemLog> LoadAsync(CollectionKey key, bool checking = false, object? client = null)
    {
        // A check reads beside a load that waits until the check is over.
        if (checking) return await ReadAsync(token => ReadAsync(key, token), checking);
        if (!_loading.TryAdd(key, true)) throw StorageFault.Silent(ItemServiceFault.Unavailable);
        var began = false;
        try
        {
            return await ReadAsync(
                async token =>
                {
                    began = true;
                    try
                    {
                        return await ReadAsync(key, token);
                    }
                    finally
                    {
                        _loading.TryRemove(key, out _);
                    }
                },
                client: client);
        }
        finally
        {
            if (!began) _loading.TryRemove(key, out _);
        }
    }

    private async Task<ItemLog> ReadAsync(CollectionKey key, CancellationToken token)
    {
        var log = new ItemLog(_limits.Tombstones);
        log.Load(await _current.Service!.LoadAsync(key, token));
        return log;
    }

    /// <summary>The number of items that end with the service, because it keeps them in memory.</summary>
    public Task<long> CountEphemeralAsync() => !IsInMemory ? Task.FromResult(0L) : ReadAsync(async token =>
    {
        var count = 0L;
        var service = _current.Service!;
        await foreach (var key in service.ListAsync(null, token))
        {
            if (key != OwnCollection.Key) count += (await service.LoadAsync(key, token)).Items.Count;
        }
        return count;
    });

    /// <summary>Stores a batch; the results are the plugin's own, and may be wrong.</summary>
    /// <param name="batch">The updates; must not change any more.</param>
    /// <param name="limit">How long to wait for the plugin.</param>
    /// <param name="done">Gets the outcome, once, from any thread.</param>
    /// <returns>False, without effect, while an abandoned call hangs, or no instance is open.</returns>
    public bool TryCommit(IReadOnlyList<ItemUpdate> batch, TimeSpan limit, Action<CommitOutcome> done)
    {
        if (Stuck || _current.Service is not { } service)
        {
            Health.Note(StorageCall.Commit, StorageFault.Silent(ItemServiceFault.Unavailable));
            return false;
        }
        _commit.Start(service, batch, limit, done);
        return true;
    }

    /// <summary>The names of an app's collections.</summary>
    /// <param name="app">The app.</param>
    /// <param name="client">The client for which they are read.</param>
    public Task<CollectionNames> ListAsync(string app, object client) => ReadAsync(
        async token =>
        {
            var names = new List<string>();
            await foreach (var key in _current.Service!.ListAsync(app, token)) names.Add(key.Collection);
            return new CollectionNames(names);
        },
        client: client);

    /// <summary>The collections with a history but no items, and their positions.</summary>
    /// <param name="most">The maximum number.</param>
    public Task<List<CollectionPosition>> ListEmptiedAsync(int most) => ReadAsync(async token =>
    {
        var emptied = new List<CollectionPosition>();
        await foreach (var collection in _current.Service!.ListEmptiedAsync(token))
        {
            emptied.Add(collection);
            if (emptied.Count == most) break;
        }
        return emptied;
    });

    /// <summary>Lets the storage forget an emptied collection at a position; false if the storage keeps it. One call at a time.</summary>
    public Task<bool> ForgetAsync(CollectionKey key, Position at) =>
        ReadAsync(async token => await _current.Service!.ForgetAsync(key, at, token));

    /// <summary>The commits after the given positions; null for a collection whose commits are unknown.</summary>
    /// <param name="since">The positions.</param>
    /// <param name="checking">Whether this belongs to the check of a replacement, which other reads wait for.</param>
    public Task<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadCommitsAsync(
        IReadOnlyList<CollectionPosition> since, bool checking = false) =>
        ReadAsync(
            async token =>
            {
                if (_current.Service is not IItemFeed feed)
                    return new IReadOnlyList<ItemCommit>?[since.Count];
                var commits = await feed.ReadAsync(since, token);
                return commits.Count == since.Count
                    ? commits
                    : throw new InvalidOperationException("the plugin returned another number of lists than it was asked for");
            }, checking);

    /// <inheritdoc cref="StorageWatch.RunAsync"/>
    public Task WatchAsync(Action<FeedList> heard, CancellationToken stop) => _watch.RunAsync((IItemFeed)_current.Service!, heard, stop);

    public async ValueTask DisposeAsync()
    {
        Health.Dispose();
        if (_current.Service is { } service) await _instances.CloseAsync(service, _current.Source.Context, Stuck);
        _commit.Dispose();
    }

    private async Task<T> ReadAsync<T>(Func<CancellationToken, Task<T>> call, bool checking = false, object? client = null)
    {
        try
        {
            if (Stuck) throw StorageFault.Silent(ItemServiceFault.Unavailable);
            var result = await _reads.RunAsync(call, checking, client);
            Health.Note(StorageCall.Read, null);
            return result;
        }
        catch (ItemServiceException exception)
        {
            Health.Note(StorageCall.Read, exception);
            if (exception.InstanceBroken) Broke?.Invoke(exception);
            throw;
        }
    }

    private async Task ProbeAsync()
    {
        if (!IsOpen) throw new ItemServiceException(ItemServiceFault.Unavailable, "the storage is not open");
        await ListAsync(ProbedApp, this);
    }
}

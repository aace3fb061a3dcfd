using System.Collections.Concurrent;

namespace SharedState.Host.Collections;

/// <summary>A service's plugin, behind limits: the host waits for no call longer than <see cref="Limits.StorageTime"/>.</summary>
internal sealed class ServiceStorage : IAsyncDisposable
{
    // No plugin treats it differently, and a list of its collections is short.
    private const string ProbedApp = "sharedstate-probe";

    private readonly Limits _limits;
    private readonly TimeProvider _time;
    private readonly PluginCalls _calls;
    private readonly PluginInstances _instances;
    private readonly StorageReads _reads;
    private readonly StorageCommit _commit;
    private readonly ConcurrentDictionary<CollectionKey, bool> _loading = new(); // also those that were given up on and still hang
    private volatile StorageSource _source;
    private volatile IItemService? _service;

    /// <param name="source">Makes the plugin's service, once for each attempt to open it.</param>
    /// <param name="limits">The bounds on its calls.</param>
    /// <param name="time">The time.</param>
    /// <param name="scheduler">Where the plugin's calls, and the writer's loop, run. Default: the thread pool. A test's own makes a run
    /// repeatable.</param>
    public ServiceStorage(StorageSource source, Limits limits, TimeProvider time, TaskScheduler? scheduler = null)
    {
        (_source, _limits, _time, Scheduler) = (source, limits, time, scheduler ?? TaskScheduler.Default);
        _calls = new(time, Scheduler);
        _instances = new(_calls, limits.StorageTime);
        _reads = new(_calls, limits.StorageTime, time);
        Health = new(ProbeAsync, Logger, ServiceName, time);
        _commit = new(Scheduler, time, Health);
    }

    public string ServiceName => _source.Context.ServiceName;

    public ILogger Logger => _source.Context.Logger;

    public TaskScheduler Scheduler { get; }

    /// <summary>Where instances come from.</summary>
    public StorageSource Source => _source;

    /// <summary>Gets the failure of a read with which the plugin requests another instance. Any thread.</summary>
    public Action<ItemServiceException>? Broke { get; set; }

    /// <summary>The outcome of the last calls.</summary>
    public StorageHealth Health { get; }

    /// <summary>Whether there is an instance to call.</summary>
    public bool IsOpen => _service is not null;

    /// <summary>Whether the data does not outlive the service.</summary>
    public bool IsInMemory => _service is { CommitsAtOnce: true };

    /// <summary>Whether the plugin reports the commits of other hosts.</summary>
    public bool HasFeed => _service is IItemFeed;

    /// <summary>
    /// Whether an abandoned call that changes data may still take effect. Until it ends, a read may not return the final state, and another
    /// such call would only block another thread.
    /// </summary>
    public bool Stuck => _instances.Stuck || _commit.Stuck;

    /// <summary>Sets the source of instances from the next attempt to open on. For a storage that is not open.</summary>
    public void Use(StorageSource next) => _source = next;

    /// <summary>One attempt to open; a failed one leaves nothing behind.</summary>
    public async Task OpenAsync(CancellationToken stop)
    {
        try
        {
            if (Stuck) throw StorageFault.Silent(ItemServiceFault.Unavailable);
            _service = await _instances.OpenAsync(_source, null, stop);
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
        _service = await _instances.CreateAsync(_source);
        return await _instances.PlanAsync(_service, _source.Context);
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
            return _service is { CommitsAtOnce: true } memory
                ? await CopyThenCloseAsync(memory, next, instance, check, stop)
                : await CloseThenOpenAsync(next, instance, check, stop);
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
        log.Load(await _service!.LoadAsync(key, token));
        return log;
    }

    /// <summary>The number of items that end with the service, because it keeps them in memory.</summary>
    public Task<long> CountEphemeralAsync() => !IsInMemory ? Task.FromResult(0L) : ReadAsync(async token =>
    {
        var count = 0L;
        await foreach (var key in _service!.ListAsync(null, token)) count += (await _service!.LoadAsync(key, token)).Items.Count;
        return count;
    });

    /// <summary>Stores a batch; the results are the plugin's own, and may be wrong.</summary>
    /// <param name="batch">The updates; must not change any more.</param>
    /// <param name="limit">How long to wait for the plugin.</param>
    /// <param name="done">Gets the outcome, once, from any thread.</param>
    /// <returns>False, without effect, while an abandoned call hangs, or no instance is open.</returns>
    public bool TryCommit(IReadOnlyList<ItemUpdate> batch, TimeSpan limit, Action<CommitOutcome> done)
    {
        if (Stuck || _service is not { } service)
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
            await foreach (var key in _service!.ListAsync(app, token)) names.Add(key.Collection);
            return new CollectionNames(names);
        },
        client: client);

    /// <summary>The collections with a history but no items, and their positions.</summary>
    /// <param name="most">The maximum number.</param>
    public Task<List<CollectionPosition>> ListEmptiedAsync(int most) => ReadAsync(async token =>
    {
        var emptied = new List<CollectionPosition>();
        await foreach (var collection in _service!.ListEmptiedAsync(token))
        {
            emptied.Add(collection);
            if (emptied.Count == most) break;
        }
        return emptied;
    });

    /// <summary>Lets the storage forget an emptied collection at a position; false if the storage keeps it. One call at a time.</summary>
    public Task<bool> ForgetAsync(CollectionKey key, Position at) => ReadAsync(async token => await _service!.ForgetAsync(key, at, token));

    /// <summary>The commits after the given positions; null for a collection whose commits are unknown.</summary>
    /// <param name="since">The positions.</param>
    /// <param name="checking">Whether this belongs to the check of a replacement, which other reads wait for.</param>
    public Task<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadCommitsAsync(
        IReadOnlyList<CollectionPosition> since, bool checking = false) =>
        ReadAsync(
            async token =>
            {
                if (_service is not IItemFeed feed)
                    return new IReadOnlyList<ItemCommit>?[since.Count];
                var commits = await feed.ReadAsync(since, token);
                return commits.Count == since.Count
                    ? commits
                    : throw new InvalidOperationException("the plugin returned another number of lists than it was asked for");
            }, checking);

    /// <summary>Passes on the positions after commits of other hosts, until the feed may have missed a commit, or the token is
    /// cancelled.</summary>
    /// <param name="heard">Gets each list, from any thread.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="ItemServiceException">The feed may have missed a commit.</exception>
    public async Task WatchAsync(Action<FeedList> heard, CancellationToken stop)
    {
        // Cancelling runs the plugin's own callbacks. What they throw must not reach a timer's thread, which would end the process, nor the
        // caller that stops the service.
        var cancel = new CancellationTokenSource();
        await using var silence = _time.CreateTimer(_ => _ = cancel.CancelAsync(), null, _limits.StorageTime, Timeout.InfiniteTimeSpan);
        using var stopping = stop.Register(() => _ = cancel.CancelAsync());
        try
        {
            await _calls.Start(FollowAsync);
        }
        catch (Exception exception)
        {
            var failure = exception switch
            {
                OperationCanceledException when cancel.IsCancellationRequested => StorageFault.Silent(ItemServiceFault.Unavailable),
                ItemServiceException fault => fault,
                _ => StorageFault.Unexpected(ItemServiceFault.Unavailable, exception),
            };
            if (!stop.IsCancellationRequested) Health.Note(StorageCall.Watch, failure);
            if (failure.InstanceBroken) Broke?.Invoke(failure);
            if (failure == exception) throw;
            throw failure;
        }
        finally
        {
            if (!cancel.IsCancellationRequested) cancel.Dispose(); // else a callback may still run: it is left to the garbage collector
        }

        async Task<bool> FollowAsync()
        {
            await using var lists = ((IItemFeed)_service!).WatchAsync(cancel.Token).GetAsyncEnumerator(cancel.Token);
            for (var first = true; ; first = false)
            {
                var asked = _time.GetTimestamp();
                if (!await lists.MoveNextAsync())
                    throw new InvalidOperationException("the plugin ended what it should tell as long as it is open");
                Health.Note(StorageCall.Watch, null);
                silence.Change(_limits.StorageTime, Timeout.InfiniteTimeSpan);
                heard(new(lists.Current ?? throw new InvalidOperationException("the plugin returned no list"), asked, first));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Health.Dispose();
        if (_service is { } service) await CloseAsync(service);
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

    /// <summary>Closes the old instance, opens the new one, and goes back if necessary.</summary>
    private async Task<ItemServiceException?> CloseThenOpenAsync(
        StorageSource next, IItemService instance, Func<Task> check, CancellationToken stop)
    {
        var before = _source;
        if (_service is { } old) await CloseAsync(old);
        var failure = await TryTogetherAsync(next, instance, check, stop);
        for (var attempt = 1; failure is not null && !stop.IsCancellationRequested; attempt++)
        {
            if (await TryUseAsync(before, null, check: null, stop) is not { } obstacle)
            {
                if (attempt > 1) WriterLog.OpenAtLast(Logger, ServiceName, attempt);
                break;
            }
            if (attempt == 1)
                WriterLog.NotOpenAgain(
                    Logger, ServiceName, WriterLog.Reason(failure), WriterLog.Reason(obstacle), WriterLog.Trace(obstacle));
            await Task.Delay(Backoff.After(attempt), _time, stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        return failure;
    }

    /// <summary>Opens an instance in step with other services: none opens before all have closed theirs, and if one fails, all go
    /// back.</summary>
    private async Task<ItemServiceException?> TryTogetherAsync(
        StorageSource next, IItemService instance, Func<Task> check, CancellationToken stop)
    {
        if (next.Together is not { } together) return await TryUseAsync(next, instance, check, stop);
        if (!await together.ClosedAsync())
        {
            await _instances.CloseAsync(instance, next.Context, stuck: false);
            return Together.Failure;
        }
        var own = await TryUseAsync(next, instance, check, stop);
        if (await together.OpenedAsync(own is not null)) return null;
        if (_service is { } opened) await CloseAsync(opened);
        _service = null;
        await together.ClosedAgainAsync();
        return own ?? Together.Failure;
    }

    /// <summary>A storage in memory blocks no other instance, and a close would lose its data: the new instance is opened beside it, and
    /// receives the data.</summary>
    private async Task<ItemServiceException?> CopyThenCloseAsync(
        IItemService memory, StorageSource next, IItemService instance, Func<Task> check, CancellationToken stop)
    {
        var before = _source;
        var failure = await TryTogetherAsync(next, instance, CopyAsync, stop);
        if (failure is null) await CloseAsync(memory);
        else (_service, _source) = (memory, before);
        return failure;

        async Task CopyAsync()
        {
            if (_service is { CommitsAtOnce: true } taking)
                await _calls.RunAsync(
                    token => CopyAllAsync(memory, taking, token), _limits.StorageTime, ItemServiceFault.Unavailable, stop);
            await check();
        }
    }

    private static async Task<bool> CopyAllAsync(IItemService from, IItemService to, CancellationToken token)
    {
        await foreach (var key in from.ListAsync(null, token))
        {
            var stored = await from.LoadAsync(key, token);
            await to.CommitAsync([new() { Key = key, Insert = [.. stored.Items.Select(item => new Item(item.Id, item.Json))] }], token);
        }
        return true;
    }

    /// <summary>Opens an instance and checks it; one that fails is closed. Returns why it failed.</summary>
    private async Task<ItemServiceException?> TryUseAsync(
        StorageSource source, IItemService? instance, Func<Task>? check, CancellationToken stop)
    {
        _service = null;
        try
        {
            if (_instances.Stuck) throw StorageFault.Silent(ItemServiceFault.Unavailable);
            _service = await _instances.OpenAsync(source, instance, stop);
            if (check is not null) await check();
            _source = source;
            return null;
        }
        catch (OperationCanceledException)
        {
            return new(ItemServiceFault.Unavailable, "the host is stopping");
        }
        catch (ItemServiceException exception)
        {
            if (_service is { } failed) await _instances.CloseAsync(failed, source.Context, stuck: false);
            _service = null;
            return exception;
        }
    }

    private Task CloseAsync(IItemService service) => _instances.CloseAsync(service, _source.Context, Stuck);
}

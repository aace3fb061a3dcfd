using System.Collections.Concurrent;

namespace SharedState.Host.Collections;

/// <summary>
/// A service's plugin, behind limits: whatever it throws or wrongly returns becomes an <see cref="ItemServiceException"/>, and no call of
/// it is waited for longer than <see cref="Limits.StorageTime"/>, also if it blocks its thread.
/// </summary>
/// <param name="create">Makes the plugin's service, once for each attempt to open it.</param>
/// <param name="context">What the service is given.</param>
/// <param name="limits">The bounds on its calls.</param>
/// <param name="time">The time.</param>
/// <param name="scheduler">Where the plugin's calls, and the writer's loop, run. Default: the thread pool. A test's own makes a run repeatable.</param>
internal sealed class ServiceStorage(
    Func<IItemService> create, ItemServiceContext context, Limits limits, TimeProvider time, TaskScheduler? scheduler = null) : IAsyncDisposable
{
    // A plugin that blocks in a load or a listing holds this many threads at most.
    private const int ConcurrentReads = 4;

    // For closing, so that a stop ends in time after the last commit. Nothing is lost by a close that is cut: what is committed is durable.
    private static readonly TimeSpan CloseTime = TimeSpan.FromMilliseconds(1_500);

    private readonly SemaphoreSlim _reads = new(ConcurrentReads);
    private readonly ConcurrentDictionary<CollectionKey, bool> _loading = new(); // also those that were given up on and still hang
    private readonly StorageCommit _commit = new(scheduler ?? TaskScheduler.Default, time);
    private IItemService? _service;
    private volatile Task? _opening; // the last one, which may not have been waited for to its end

    public string ServiceName => context.ServiceName;

    public ILogger Logger => context.Logger;

    public TaskScheduler Scheduler { get; } = scheduler ?? TaskScheduler.Default;

    /// <summary>Whether the plugin tells what other hosts commit.</summary>
    public bool HasFeed => _service is IItemFeed;

    /// <summary>
    /// Whether a call that changes things was given up on and may still happen. Until it ends nothing that is read is sure to be what is
    /// stored, and another such call would only block another thread.
    /// </summary>
    private bool Stuck => _opening is { IsCompleted: false } || _commit.Stuck;

    /// <summary>One attempt to open; a failed one leaves nothing behind.</summary>
    public async Task OpenAsync(CancellationToken stop)
    {
        if (Stuck) throw StorageFault.Silent(ItemServiceFault.Unavailable);
        var ended = new TaskCompletionSource();
        _opening = ended.Task;
        _service = await CallAsync(
            async token =>
            {
                try
                {
                    return await CreateAsync(token);
                }
                finally
                {
                    ended.SetResult();
                }
            },
            limits.StorageTime,
            ItemServiceFault.Unavailable,
            stop);
    }

    /// <summary>Reads a collection and puts it in order, which takes a while if it is large.</summary>
    public async Task<ItemLog> LoadAsync(CollectionKey key)
    {
        if (!_loading.TryAdd(key, true)) throw StorageFault.Silent(ItemServiceFault.Unavailable);
        var began = false;
        try
        {
            return await ReadAsync(async token =>
            {
                began = true;
                try
                {
                    var log = new ItemLog(limits.Tombstones);
                    log.Load(await _service!.LoadAsync(key, token));
                    return log;
                }
                finally
                {
                    _loading.TryRemove(key, out _);
                }
            });
        }
        finally
        {
            if (!began) _loading.TryRemove(key, out _);
        }
    }

    /// <summary>Stores a batch; the results are the plugin's own, and may be wrong.</summary>
    /// <param name="batch">What to store; must not change any more.</param>
    /// <param name="limit">How long the plugin is waited for.</param>
    /// <param name="done">Gets the outcome, once, from any thread.</param>
    /// <returns>False, and nothing done, while a call that was given up on hangs.</returns>
    public bool TryCommit(IReadOnlyList<ItemUpdate> batch, TimeSpan limit, Action<CommittedMessage> done)
    {
        if (Stuck) return false;
        _commit.Start(_service!, batch, limit, done);
        return true;
    }

    /// <summary>The names of an app's collections, sorted.</summary>
    public Task<List<string>> ListAsync(string app) => ReadAsync(async token =>
    {
        var names = new List<string>();
        await foreach (var key in _service!.ListAsync(app, token)) names.Add(key.Collection);
        names.Sort(StringComparer.Ordinal);
        return names;
    });

    /// <summary>What was committed after some positions; where that can't be told, null.</summary>
    public Task<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadCommitsAsync(IReadOnlyList<CollectionPosition> since) => ReadAsync(async token =>
    {
        var commits = await ((IItemFeed)_service!).ReadAsync(since, token);
        return commits.Count == since.Count ? commits : throw new InvalidOperationException("the plugin returned another number of lists than it was asked for");
    });

    /// <summary>Hands on where other hosts' commits brought collections, until something may have been missed, or the token ends it.</summary>
    /// <param name="heard">Gets each list, from any thread.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="ItemServiceException">Something may have been missed.</exception>
    public async Task WatchAsync(Action<HeardMessage> heard, CancellationToken stop)
    {
        using var cancel = new CancellationTokenSource(limits.StorageTime, time);
        using var stopping = stop.Register(cancel.Cancel);
        try
        {
            await Start(FollowAsync);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw StorageFault.Silent(ItemServiceFault.Unavailable);
        }
        catch (Exception exception) when (exception is not ItemServiceException)
        {
            throw StorageFault.Unexpected(ItemServiceFault.Unavailable, exception);
        }

        async Task<bool> FollowAsync()
        {
            await using var lists = ((IItemFeed)_service!).WatchAsync(cancel.Token).GetAsyncEnumerator(cancel.Token);
            for (var first = true; ; first = false)
            {
                var asked = time.GetTimestamp();
                if (!await lists.MoveNextAsync()) throw new InvalidOperationException("the plugin ended what it should tell as long as it is open");
                cancel.CancelAfter(limits.StorageTime);
                heard(new(lists.Current ?? throw new InvalidOperationException("the plugin returned no list"), asked, first));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null) await CloseAsync(_service);
        _commit.Dispose();
        _reads.Dispose();
    }

    private async Task<IItemService> CreateAsync(CancellationToken token)
    {
        IItemService service;
        try
        {
            service = create();
        }
        catch (Exception exception)
        {
            throw Broken(exception);
        }
        try
        {
            await service.OpenAsync(context, token);
            token.ThrowIfCancellationRequested(); // nobody waits for it any more
            return service;
        }
        catch (Exception exception)
        {
            await CloseAsync(service);
            if (exception is ItemServiceException or OperationCanceledException) throw;
            throw Broken(exception);
        }
    }

    private async Task CloseAsync(IItemService service)
    {
        try
        {
            await Start(async () => { await service.DisposeAsync(); return true; }).WaitAsync(Stuck ? StorageCommit.CancelTime : CloseTime, time);
        }
        catch (Exception exception)
        {
            WriterLog.CloseFailed(Logger, ServiceName, exception);
        }
    }

    private async Task<T> ReadAsync<T>(Func<CancellationToken, Task<T>> call)
    {
        if (Stuck) throw StorageFault.Silent(ItemServiceFault.Unavailable);
        var asked = time.GetTimestamp();
        using (var limit = new CancellationTokenSource(limits.StorageTime, time))
        {
            try
            {
                await _reads.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw StorageFault.Silent(ItemServiceFault.Unavailable);
            }
        }
        var left = limits.StorageTime - time.GetElapsedTime(asked);
        return await CallAsync(
            async token =>
            {
                try
                {
                    return await call(token);
                }
                finally
                {
                    _reads.Release();
                }
            },
            left > TimeSpan.Zero ? left : TimeSpan.Zero,
            ItemServiceFault.Unavailable,
            CancellationToken.None);
    }

    /// <summary>Runs a call on a thread of its own choice, for it may block, and gives up on it after the limit.</summary>
    private async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, TimeSpan limit, ItemServiceFault fault, CancellationToken stop)
    {
        var cancel = new CancellationTokenSource();
        var task = Start(() => call(cancel.Token));
        await ((Task)task.WaitAsync(limit, time, stop)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (!task.IsCompleted)
        {
            // Cancelling runs the plugin's own callbacks, which may hang too.
            await Task.WhenAll(cancel.CancelAsync(), task).WaitAsync(StorageCommit.CancelTime, time, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (!task.IsCompleted) throw StorageFault.Silent(fault); // it still looks at its token, which is left to the garbage collector
        }
        else
        {
            cancel.Dispose();
        }
        try
        {
            return await task;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw StorageFault.Silent(fault); // it noticed that it was given up on
        }
        catch (Exception exception) when (exception is not ItemServiceException)
        {
            throw StorageFault.Unexpected(fault, exception);
        }
    }

    private Task<T> Start<T>(Func<Task<T>> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.DenyChildAttach, Scheduler).Unwrap();

    /// <summary>What throws anything else when it is opened does so because of a mistake in it, which another attempt would not mend.</summary>
    private static ItemServiceException Broken(Exception exception) => exception as ItemServiceException
        ?? StorageFault.Unexpected(ItemServiceFault.Unusable, exception, $"the plugin failed to open it: {exception.GetType().Name}: {exception.Message}");
}

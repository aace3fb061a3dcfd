namespace SharedState.Host.Collections;

/// <summary>
/// A service's plugin, behind limits: whatever it throws becomes an <see cref="ItemServiceException"/>, and no call of it is waited for
/// longer than <see cref="Limits.StorageTime"/>, also if it blocks its thread.
/// </summary>
internal sealed class ServiceStorage(Func<IItemService> create, ItemServiceContext context, Limits limits, TimeProvider time) : IAsyncDisposable
{
    // A plugin that blocks in a load holds this many threads at most.
    private const int ConcurrentLoads = 4;

    private static readonly TimeSpan CancelTime = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _loads = new(ConcurrentLoads);
    private IItemService? _service;
    private volatile Task? _givenUp; // a commit that was not waited for to its end

    public string ServiceName => context.ServiceName;

    public ILogger Logger => context.Logger;

    /// <summary>One attempt to open; a failed one leaves nothing behind.</summary>
    public async Task OpenAsync(CancellationToken stop)
    {
        IItemService? service = null;
        try
        {
            await CallAsync(
                async token =>
                {
                    service = create();
                    await service.OpenAsync(context, token);
                    return true;
                },
                limits.StorageTime,
                ItemServiceFault.Unavailable,
                stop);
            _service = service;
        }
        catch (ItemServiceException)
        {
            if (service is not null) await DisposeAsync(service);
            throw;
        }
    }

    /// <summary>Whether a commit was given up on that may still happen: until it ends nothing that is read is sure to be what is stored.</summary>
    private bool Stuck => _givenUp is { IsCompleted: false };

    public async Task<StoredCollection> LoadAsync(CollectionKey key)
    {
        var asked = time.GetTimestamp();
        if (Stuck || !await _loads.WaitAsync(limits.StorageTime)) throw Silent(ItemServiceFault.Unavailable);
        return await CallAsync(
            async token =>
            {
                try
                {
                    return await _service!.LoadAsync(key, token) ?? throw new InvalidOperationException("LoadAsync returned null");
                }
                finally
                {
                    _loads.Release();
                }
            },
            limits.StorageTime - time.GetElapsedTime(asked),
            ItemServiceFault.Unavailable,
            CancellationToken.None);
    }

    public async Task<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, TimeSpan limit)
    {
        if (Stuck) throw Silent(ItemServiceFault.Unavailable);
        var ended = new TaskCompletionSource();
        try
        {
            return await CallAsync(
                async token =>
                {
                    try
                    {
                        return await _service!.CommitAsync(batch, token);
                    }
                    finally
                    {
                        ended.SetResult();
                    }
                },
                limit,
                ItemServiceFault.OutcomeUnknown,
                CancellationToken.None);
        }
        catch (ItemServiceException)
        {
            _givenUp = ended.Task;
            throw;
        }
    }

    public Task<List<string>> ListAsync(string app) => CallAsync(
        async token =>
        {
            var names = new List<string>();
            await foreach (var key in _service!.ListAsync(app, token)) names.Add(key.Collection);
            names.Sort(StringComparer.Ordinal);
            return names;
        },
        limits.StorageTime,
        ItemServiceFault.Unavailable,
        CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        if (_service is not null) await DisposeAsync(_service);
        _loads.Dispose();
    }

    private async Task DisposeAsync(IItemService service)
    {
        try
        {
            await Task.Run(async () => await service.DisposeAsync()).WaitAsync(limits.StorageTime, time);
        }
        catch (Exception exception)
        {
            WriterLog.CloseFailed(Logger, ServiceName, exception);
        }
    }

    /// <summary>Runs a call on a thread of its own choice, for it may block, and gives up on it after the limit.</summary>
    private async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, TimeSpan limit, ItemServiceFault fault, CancellationToken stop)
    {
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var task = Task.Run(() => call(cancel.Token), CancellationToken.None);
        try
        {
            try
            {
                return await task.WaitAsync(limit, time, stop);
            }
            catch (TimeoutException) when (!task.IsCompleted)
            {
                await cancel.CancelAsync();
                return await task.WaitAsync(CancelTime, time, stop);
            }
        }
        catch (ItemServiceException)
        {
            throw;
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw Silent(fault);
        }
        catch (Exception exception)
        {
            throw new ItemServiceException(fault, "the plugin threw an exception that is no ItemServiceException", exception);
        }
        finally
        {
            if (task.IsCompleted) cancel.Dispose(); // else the call still looks at it
        }
    }

    private static ItemServiceException Silent(ItemServiceFault fault) => new(fault, "the storage does not answer");
}

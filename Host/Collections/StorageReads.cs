namespace SharedState.Host.Collections;

/// <summary>The reads of a storage: a few at a time, beside commits, and none while one instance takes the place of another.</summary>
internal sealed class StorageReads(PluginCalls calls, TimeSpan limit, TimeProvider time) : IDisposable
{
    // A plugin that blocks in a load or a listing holds this many threads at most.
    private const int Most = 4;

    private readonly SemaphoreSlim _room = new(Most);
    private volatile TaskCompletionSource? _pause;

    /// <summary>Lets those under way end, and lets no more begin but those that say so. To be followed by <see cref="Resume"/>.</summary>
    /// <returns>False if one does not end.</returns>
    public async Task<bool> PauseAsync()
    {
        _pause = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = 0;
        using var end = new CancellationTokenSource(limit, time);
        try
        {
            for (; held < Most; held++) await _room.WaitAsync(end.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            if (held > 0) _room.Release(held);
        }
    }

    public void Resume()
    {
        var pause = _pause!;
        _pause = null;
        pause.SetResult();
    }

    /// <param name="call">What to read.</param>
    /// <param name="meanwhile">Whether it reads during a pause, too.</param>
    /// <exception cref="ItemServiceException">It failed, or did not end in time.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, bool meanwhile)
    {
        var asked = time.GetTimestamp();
        await EnterAsync(meanwhile);
        var left = limit - time.GetElapsedTime(asked);
        return await calls.RunAsync(
            async token =>
            {
                try
                {
                    return await call(token);
                }
                finally
                {
                    _room.Release();
                }
            },
            left > TimeSpan.Zero ? left : TimeSpan.Zero,
            ItemServiceFault.Unavailable,
            CancellationToken.None);
    }

    public void Dispose() => _room.Dispose();

    private async Task EnterAsync(bool meanwhile)
    {
        using var end = new CancellationTokenSource(limit, time);
        try
        {
            await _room.WaitAsync(end.Token);
            while (!meanwhile && _pause is { } pause) // looked at once in the room, where a pause waits for this one to leave
            {
                _room.Release();
                await pause.Task.WaitAsync(end.Token);
                await _room.WaitAsync(end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw StorageFault.Silent(ItemServiceFault.Unavailable);
        }
    }
}

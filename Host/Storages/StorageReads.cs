namespace SharedState.Host.Storages;

/// <summary>
/// The reads of a storage: a few at a time, beside commits, and none while an instance is being replaced. Clients take turns.
/// </summary>
internal sealed class StorageReads(PluginCalls calls, TimeSpan limit, TimeProvider time)
{
    // A plugin that blocks in a load or a listing holds this many threads at most.
    private const int Most = 4;

    // All guarded by the gate.
    private readonly Lock _gate = new();
    private readonly ReadQueue _waiting = new(), _checking = new(); // wait for room; the latter also during a pause
    private TaskCompletionSource? _quiet; // is completed when no read is under way
    private bool _paused;
    private int _running;

    /// <summary>Waits for the running reads, and lets only checks begin. To be followed by <see cref="Resume"/>.</summary>
    /// <returns>False if a read does not end.</returns>
    public async Task<bool> PauseAsync()
    {
        var quiet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _paused = true;
            if (_running == 0) return true;
            _quiet = quiet;
        }
        try
        {
            await quiet.Task.WaitAsync(limit, time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public void Resume()
    {
        lock (_gate)
        {
            _paused = false;
            LetIn();
        }
    }

    /// <param name="call">The read.</param>
    /// <param name="check">Whether it may run during a pause.</param>
    /// <param name="client">The client for which it is read; null for the host itself.</param>
    /// <exception cref="ItemServiceException">The read failed, or did not end in time.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, bool check, object? client)
    {
        var asked = time.GetTimestamp();
        await EnterAsync(check, client ?? this);
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
                    Leave();
                }
            },
            left > TimeSpan.Zero ? left : TimeSpan.Zero,
            ItemServiceFault.Unavailable,
            CancellationToken.None);
    }

    private async Task EnterAsync(bool check, object client)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var queue = check ? _checking : _waiting;
        lock (_gate)
        {
            queue.Add(client, turn);
            LetIn();
        }
        if (turn.Task.IsCompleted) return;
        try
        {
            await turn.Task.WaitAsync(limit, time);
        }
        catch (TimeoutException)
        {
            // A storage that hangs for long must not gather reads that have given up.
            lock (_gate)
            {
                if (queue.Remove(client, turn)) throw StorageFault.Silent(ItemServiceFault.Unavailable);
            }
            // It was let in at the last moment.
        }
    }

    private void Leave()
    {
        lock (_gate)
        {
            _running--;
            if (_running == 0) _quiet?.TrySetResult();
            LetIn();
        }
    }

    private void LetIn()
    {
        while (_running < Most && (_checking.Take() ?? (_paused ? null : _waiting.Take())) is { } turn)
        {
            _running++;
            turn.SetResult();
        }
    }
}

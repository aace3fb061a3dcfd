namespace SharedState.Host.Storages;

/// <summary>A list of a plugin's feed.</summary>
/// <param name="Positions">The new positions of collections.</param>
/// <param name="AskedAt">The time of the request, by the monotonic clock. No earlier commit is missing.</param>
/// <param name="First">Whether it is the first since the feed began: it does not name earlier commits.</param>
internal sealed record FeedList(IReadOnlyList<CollectionPosition> Positions, long AskedAt, bool First);

/// <summary>Enumerates the lists of a plugin's feed while a storage is open, and begins again when that fails.</summary>
/// <param name="storage">The storage.</param>
/// <param name="time">The time.</param>
/// <param name="hear">Gets each list, from any thread.</param>
/// <param name="lose">Is called when the feed may have missed a commit. Any thread.</param>
/// <param name="stop">The service ends.</param>
internal sealed class FeedWatch(ServiceStorage storage, TimeProvider time, Action<FeedList> hear, Action lose, CancellationToken stop)
{
    private Task _watching = Task.CompletedTask;
    private CancellationTokenSource? _end; // of the watching

    /// <summary>The storage is open.</summary>
    public void Begin()
    {
        _end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _watching = WatchAsync(_end.Token);
    }

    /// <summary>Asks the watching to end.</summary>
    public void Stop() => _ = _end?.CancelAsync(); // runs the plugin's own callbacks: not in a turn

    /// <summary>Completes when the requested end has happened; a plugin that does not return is abandoned.</summary>
    public async Task EndAsync()
    {
        await _watching.WaitAsync(StorageCommit.CancelTime, time)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (_watching.IsCompleted) _end?.Dispose();
        _end = null;
    }

    private async Task WatchAsync(CancellationToken end)
    {
        string? said = null; // an outage is logged once
        var failures = 0;
        while (!end.IsCancellationRequested)
        {
            try
            {
                await storage.WatchAsync(Hand, end);
            }
            catch (ItemServiceException) when (end.IsCancellationRequested)
            {
                // It ended as it was asked to.
            }
            catch (ItemServiceException exception)
            {
                lose();
                if (said is null)
                    WriterLog.FeedLost(storage.Logger, storage.ServiceName, said = WriterLog.Reason(exception), WriterLog.Trace(exception));
                await Task.Delay(Backoff.After(++failures), time, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        void Hand(FeedList list)
        {
            if (end.IsCancellationRequested) return; // the storage has been let go of
            if (said is not null) WriterLog.FeedBack(storage.Logger, storage.ServiceName);
            (said, failures) = (null, 0);
            hear(list);
        }
    }
}

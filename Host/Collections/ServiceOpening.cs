using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>Opens the storage of a service; a storage that is only unavailable is tried again until it opens.</summary>
/// <param name="storage">The storage.</param>
/// <param name="time">The time.</param>
/// <param name="opened">The storage is open.</param>
/// <param name="refused">The storage will not open.</param>
/// <param name="stop">The service ends.</param>
internal sealed class ServiceOpening(ServiceStorage storage, TimeProvider time, Action opened, Action refused, CancellationToken stop)
{
    private CancellationTokenSource? _end; // of the attempts, before the service ends
    private Task _attempts = Task.CompletedTask;

    /// <summary>The reason why the service will not run, if it is known.</summary>
    public ItemServiceException? Refusal { get; private set; }

    /// <summary>The reason why the storage is not open, while the attempts continue.</summary>
    public ItemServiceException? Obstacle { get; private set; }

    /// <summary>Whether it was opened.</summary>
    public bool Done { get; private set; }

    /// <summary>Makes the first attempt; later attempts run in the background.</summary>
    /// <exception cref="ItemServiceException">The service will not run: its configuration is wrong, or its storage unusable.</exception>
    public async Task StartAsync()
    {
        var end = _end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Refusal = null;
        var first = new TaskCompletionSource();
        _attempts = OpenAsync(first, end.Token);
        await first.Task;
        if (Refusal is not null) throw Refusal;
    }

    /// <summary>Ends the attempts. The last one may have opened the storage.</summary>
    public async Task EndAsync()
    {
        if (_end is not { } end) return;
        _end = null;
        await end.CancelAsync();
        await _attempts;
        end.Dispose();
    }

    private async Task OpenAsync(TaskCompletionSource first, CancellationToken end)
    {
        string? said = null; // the same reason is said once
        for (var attempt = 1; !end.IsCancellationRequested; attempt++)
        {
            try
            {
                await storage.OpenAsync(end);
                (Obstacle, Done) = (null, true);
                if (attempt > 1) WriterLog.OpenAtLast(storage.Logger, storage.ServiceName, attempt);
                opened();
                break;
            }
            catch (ItemServiceException exception) when (!exception.IsTransient)
            {
                (Refusal, Obstacle) = (exception, null);
                refused();
                if (attempt > 1)
                    WriterLog.Refused(storage.Logger, storage.ServiceName, WriterLog.Reason(exception), WriterLog.Trace(exception));
                break;
            }
            catch (ItemServiceException exception)
            {
                Obstacle = exception;
                var reason = WriterLog.Reason(exception);
                if (reason == said) WriterLog.StillNotOpen(storage.Logger, storage.ServiceName, said);
                else if (!end.IsCancellationRequested)
                    WriterLog.NotOpen(storage.Logger, storage.ServiceName, said = reason, WriterLog.Trace(exception));
                first.TrySetResult();
                await Task.Delay(Backoff.After(attempt), time, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        first.TrySetResult();
    }
}

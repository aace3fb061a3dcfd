namespace SharedState.Host.Storages;

/// <summary>
/// Calls of a plugin. Every exception and every invalid result becomes an <see cref="ItemServiceException"/>. The host waits for no call
/// longer than its limit, even if the call blocks its thread.
/// </summary>
internal sealed class PluginCalls(TimeProvider time, TaskScheduler scheduler)
{
    /// <summary>Runs a call on a separate thread, because it may block, and gives up on it after the limit.</summary>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, TimeSpan limit, ItemServiceFault fault, CancellationToken stop)
    {
        var cancel = new CancellationTokenSource();
        var task = Start(() => call(cancel.Token));
        await ((Task)task.WaitAsync(limit, time, stop)).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
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

    /// <summary>Runs a call that is not cancelled if it takes longer: its work continues.</summary>
    public Task RunToEndAsync(Func<ValueTask> call, TimeSpan limit) =>
        Start(async () => { await call(); return true; }).WaitAsync(limit, time);

    /// <summary>Runs a call without a limit.</summary>
    public Task<T> Start<T>(Func<Task<T>> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();
}

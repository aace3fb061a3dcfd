namespace SharedState.Host.Collections;

/// <summary>
/// Calls of a plugin: whatever it throws or wrongly returns becomes an <see cref="ItemServiceException"/>, and none is waited for longer
/// than its limit, also if it blocks its thread.
/// </summary>
internal sealed class PluginCalls(TimeProvider time, TaskScheduler scheduler)
{
    /// <summary>Runs a call on a thread of its own choice, for it may block, and gives up on it after the limit.</summary>
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

    /// <summary>Runs a call that is not asked to end where it takes longer: what it does goes on.</summary>
    public Task RunToEndAsync(Func<ValueTask> call, TimeSpan limit) =>
        Start(async () => { await call(); return true; }).WaitAsync(limit, time);

    /// <summary>Runs a call without a limit.</summary>
    public Task<T> Start<T>(Func<Task<T>> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();
}

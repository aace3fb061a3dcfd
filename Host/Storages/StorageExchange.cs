namespace SharedState.Host.Storages;

/// <summary>
/// Exchanges the instance in use for one of another source. The old instance is closed before the new one is opened, because both may need
/// the same files. If the new one cannot be kept, another instance of the old source is opened.
/// </summary>
/// <param name="current">The instance in use. No read and no commit may run during an exchange.</param>
/// <param name="instances">Opens and closes instances.</param>
/// <param name="calls">Runs a plugin's calls.</param>
/// <param name="limit">How long to wait for a call.</param>
/// <param name="time">The clock for the attempts to open the old source again.</param>
/// <param name="stuck">Whether a call of the instance in use hangs.</param>
internal sealed class StorageExchange(
    StorageInUse current, PluginInstances instances, PluginCalls calls, TimeSpan limit, TimeProvider time, Func<bool> stuck)
{
    /// <summary>Exchanges.</summary>
    /// <param name="next">The source of the new instance.</param>
    /// <param name="instance">The new one, not opened yet.</param>
    /// <param name="check">Checks the open new instance; throws if it must not be kept.</param>
    /// <param name="stop">Ends the attempts to open the old source again; nothing is open then.</param>
    /// <returns>The reason why the old source remains in use; null if the next one is in use.</returns>
    public Task<ItemServiceException?> RunAsync(
        StorageSource next, IItemService instance, Func<Task> check, CancellationToken stop) =>
        current.Service is { CommitsAtOnce: true } memory
            ? CopyThenCloseAsync(memory, next, instance, check, stop)
            : CloseThenOpenAsync(next, instance, check, stop);

    /// <summary>Closes the old instance, opens the new one, and goes back if necessary.</summary>
    private async Task<ItemServiceException?> CloseThenOpenAsync(
        StorageSource next, IItemService instance, Func<Task> check, CancellationToken stop)
    {
        var before = current.Source;
        if (current.Service is { } old) await CloseAsync(old);
        var failure = await TryTogetherAsync(next, instance, check, stop);
        for (var attempt = 1; failure is not null && !stop.IsCancellationRequested; attempt++)
        {
            if (await TryUseAsync(before, null, check: null, stop) is not { } obstacle)
            {
                if (attempt > 1) WriterLog.OpenAtLast(before.Context.Logger, before.Context.ServiceName, attempt);
                break;
            }
            if (attempt == 1)
                WriterLog.NotOpenAgain(
                    before.Context.Logger, before.Context.ServiceName, WriterLog.Reason(failure), WriterLog.Reason(obstacle),
                    WriterLog.Trace(obstacle));
            await Task.Delay(Backoff.After(attempt), time, stop)
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
            await instances.CloseAsync(instance, next.Context, stuck: false);
            return Together.Failure;
        }
        var own = await TryUseAsync(next, instance, check, stop);
        if (await together.OpenedAsync(own is not null)) return null;
        if (current.Service is { } opened) await CloseAsync(opened);
        current.Service = null;
        await together.ClosedAgainAsync();
        return own ?? Together.Failure;
    }

    /// <summary>A storage in memory blocks no other instance, and a close would lose its data: the new instance is opened beside it, and
    /// receives the data.</summary>
    private async Task<ItemServiceException?> CopyThenCloseAsync(
        IItemService memory, StorageSource next, IItemService instance, Func<Task> check, CancellationToken stop)
    {
        var before = current.Source;
        var failure = await TryTogetherAsync(next, instance, CopyAsync, stop);
        if (failure is null) await CloseAsync(memory);
        else (current.Service, current.Source) = (memory, before);
        return failure;

        async Task CopyAsync()
        {
            if (current.Service is { CommitsAtOnce: true } taking)
                await calls.RunAsync(
                    token => CopyAllAsync(memory, taking, token), limit, ItemServiceFault.Unavailable, stop);
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
        current.Service = null;
        try
        {
            if (instances.Stuck) throw StorageFault.Silent(ItemServiceFault.Unavailable);
            current.Service = await instances.OpenAsync(source, instance, stop);
            if (check is not null) await check();
            current.Source = source;
            return null;
        }
        catch (OperationCanceledException)
        {
            return new(ItemServiceFault.Unavailable, "the host is stopping");
        }
        catch (ItemServiceException exception)
        {
            if (current.Service is { } failed) await instances.CloseAsync(failed, source.Context, stuck: false);
            current.Service = null;
            return exception;
        }
    }

    private Task CloseAsync(IItemService service) => instances.CloseAsync(service, current.Source.Context, stuck());
}

namespace SharedState.Host.Storages;

/// <summary>Makes, opens and closes the instances of a service's plugin, of which one is used at a time.</summary>
internal sealed class PluginInstances(PluginCalls calls, TimeSpan limit)
{
    // The limit for closing, so that a stop ends in time after the last commit. An interrupted close loses nothing: commits are durable.
    private static readonly TimeSpan CloseTime = TimeSpan.FromMilliseconds(1_500);

    private volatile Task? _abandoned; // the last attempt to open that was not waited for to its end

    /// <summary>Whether an abandoned attempt to open has not ended yet.</summary>
    public bool Stuck => _abandoned is { IsCompleted: false };

    /// <summary>A new instance, which is not opened yet.</summary>
    /// <exception cref="ItemServiceException">The plugin's constructor failed, or does not end.</exception>
    public Task<IItemService> CreateAsync(StorageSource source) =>
        calls.RunAsync(_ => Task.FromResult(Create(source)), limit, ItemServiceFault.Unusable, CancellationToken.None);

    /// <summary>One attempt to open; a failed one leaves nothing behind.</summary>
    /// <param name="source">The plugin and its configuration.</param>
    /// <param name="instance">The instance to open; null for a new one.</param>
    /// <param name="stop">Ends the attempt.</param>
    public async Task<IItemService> OpenAsync(StorageSource source, IItemService? instance, CancellationToken stop)
    {
        var ended = new TaskCompletionSource();
        try
        {
            return await calls.RunAsync(
                async token =>
                {
                    try
                    {
                        return await OpenAsync(instance ?? Create(source), source, token);
                    }
                    finally
                    {
                        ended.SetResult();
                    }
                },
                limit,
                ItemServiceFault.Unavailable,
                stop);
        }
        finally
        {
            _abandoned = ended.Task;
        }
    }

    /// <summary>The changes that opening would make: see <see cref="IItemService.PlanAsync"/>.</summary>
    /// <param name="service">The instance, which is not open.</param>
    /// <param name="context">The context with which it would be opened.</param>
    public Task<IReadOnlyList<StorageChange>?> PlanAsync(IItemService service, ItemServiceContext context) => calls.RunAsync(
        token => PlanAsync(service, context, token), limit, ItemServiceFault.Unavailable, CancellationToken.None);

    /// <summary>Closes an instance within the time of a stop, and logs a failure.</summary>
    /// <param name="service">The instance to close.</param>
    /// <param name="context">The context of the instance.</param>
    /// <param name="stuck">Whether one of its calls hangs, so that the close may never end.</param>
    public async Task CloseAsync(IItemService service, ItemServiceContext context, bool stuck)
    {
        try
        {
            await calls.RunToEndAsync(() => service.DisposeAsync(), stuck || Stuck ? StorageCommit.CancelTime : CloseTime);
        }
        catch (Exception exception)
        {
            WriterLog.CloseFailed(context.Logger, context.ServiceName, exception);
        }
    }

    private async Task<IItemService> OpenAsync(IItemService service, StorageSource source, CancellationToken token)
    {
        try
        {
            if (!source.MayAlter) RefuseAlterations(await PlanAsync(service, source.Context, token));
            await service.OpenAsync(source.Context, token);
            token.ThrowIfCancellationRequested(); // nobody waits for it any more
            return service;
        }
        catch (Exception exception)
        {
            await CloseAsync(service, source.Context, stuck: true);
            if (exception is ItemServiceException or OperationCanceledException) throw;
            throw Broken(exception);
        }
    }

    private static async Task<IReadOnlyList<StorageChange>?> PlanAsync(
        IItemService service, ItemServiceContext context, CancellationToken token)
    {
        try
        {
            return await service.PlanAsync(context, token);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw Broken(exception);
        }
    }

    /// <summary>Refuses to open a storage that would be altered, or may be altered.</summary>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Config"/>.</exception>
    public static void RefuseAlterations(IReadOnlyList<StorageChange>? plan)
    {
        const string Forbidden = "which \"migrate\": false forbids";
        var alterations = plan?.Where(change => change.Alters).Select(change => change.Statement).ToArray();
        var refusal = alterations switch
        {
            null => $"the plugin cannot tell whether opening alters what is stored, {Forbidden}: take a version of it that can, or remove "
                + "\"migrate\"",
            [] => null,
            _ => $"opening would alter what is stored, {Forbidden}: {string.Join("; ", alterations)}. Make a backup, then remove \"migrate\"",
        };
        if (refusal is not null) throw new ItemServiceException(ItemServiceFault.Config, refusal) { ConfigKey = "migrate" };
    }

    private static IItemService Create(StorageSource source)
    {
        try
        {
            return source.Create();
        }
        catch (Exception exception)
        {
            throw Broken(exception);
        }
    }

    /// <summary>Any other exception during opening is a defect of the plugin, which another attempt would not fix. A library that does not
    /// load is a defect of the folder, for which a stack trace has no further information.</summary>
    private static ItemServiceException Broken(Exception exception)
    {
        if (exception is ItemServiceException known) return known;
        var reason = $"the plugin failed to open it: {exception.GetType().Name}: {StorageFault.Line(exception)}";
        return StorageFault.Cause(exception) is DllNotFoundException
            ? new(ItemServiceFault.Unusable, reason, exception)
            : StorageFault.Unexpected(ItemServiceFault.Unusable, exception, reason);
    }
}

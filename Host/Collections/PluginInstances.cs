namespace SharedState.Host.Collections;

/// <summary>Makes, opens and closes the instances of a service's plugin, of which one is used at a time.</summary>
internal sealed class PluginInstances(PluginCalls calls, TimeSpan limit)
{
    // For closing, so that a stop ends in time after the last commit. Nothing is lost by a close that is cut: what is committed is durable.
    private static readonly TimeSpan CloseTime = TimeSpan.FromMilliseconds(1_500);

    private volatile Task? _abandoned; // the last attempt to open that was not waited for to its end

    /// <summary>Whether an attempt to open was given up on and has not ended.</summary>
    public bool Stuck => _abandoned is { IsCompleted: false };

    /// <summary>A new instance, which is not opened yet.</summary>
    /// <exception cref="ItemServiceException">The plugin's constructor failed, or does not end.</exception>
    public Task<IItemService> CreateAsync(StorageSource source) =>
        calls.RunAsync(_ => Task.FromResult(Create(source)), limit, ItemServiceFault.Unusable, CancellationToken.None);

    /// <summary>One attempt to open; a failed one leaves nothing behind.</summary>
    /// <param name="source">What to open with.</param>
    /// <param name="instance">What to open; null: a new instance.</param>
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

    /// <summary>What opening would change: see <see cref="IItemService.PlanAsync"/>.</summary>
    /// <param name="service">The instance, which is not open.</param>
    /// <param name="context">What it would be opened with.</param>
    public Task<IReadOnlyList<StorageChange>?> PlanAsync(IItemService service, ItemServiceContext context) => calls.RunAsync(
        token => PlanAsync(service, context, token), limit, ItemServiceFault.Unavailable, CancellationToken.None);

    /// <summary>Closes, for as long as a stop has time for it; what fails is logged.</summary>
    /// <param name="service">What to close.</param>
    /// <param name="context">Whose it is.</param>
    /// <param name="stuck">Whether a call of it hangs, so that its end is not to be expected.</param>
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

    /// <summary>Refuses to open what would be altered, or may be.</summary>
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

    /// <summary>What throws anything else when it is opened does so because of a mistake in it, which another attempt would not
    /// mend. A library that does not load is a mistake of the folder: the trace tells no more of it.</summary>
    private static ItemServiceException Broken(Exception exception)
    {
        if (exception is ItemServiceException known) return known;
        var reason = $"the plugin failed to open it: {exception.GetType().Name}: {StorageFault.Line(exception)}";
        return StorageFault.Cause(exception) is DllNotFoundException
            ? new(ItemServiceFault.Unusable, reason, exception)
            : StorageFault.Unexpected(ItemServiceFault.Unusable, exception, reason);
    }
}

namespace SharedState.Host.Storages;

/// <summary>The call of a plugin's feed that lasts as long as the plugin is open.</summary>
/// <param name="calls">Runs a plugin's calls.</param>
/// <param name="limit">How long to wait for a list.</param>
/// <param name="time">The clock.</param>
/// <param name="health">Notes each list, and the failure.</param>
/// <param name="broke">Gets the failure with which the plugin requests another instance.</param>
internal sealed class StorageWatch(
    PluginCalls calls, TimeSpan limit, TimeProvider time, StorageHealth health, Action<ItemServiceException> broke)
{
    /// <summary>Passes on the positions after commits of other hosts, until the feed may have missed a commit, or the token is
    /// cancelled.</summary>
    /// <param name="feed">The plugin.</param>
    /// <param name="heard">Gets each list, from any thread.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="ItemServiceException">The feed may have missed a commit.</exception>
    public async Task RunAsync(IItemFeed feed, Action<FeedList> heard, CancellationToken stop)
    {
        // Cancelling runs the plugin's own callbacks. What they throw must not reach a timer's thread, which would end the process, nor the
        // caller that stops the service.
        var cancel = new CancellationTokenSource();
        await using var silence = time.CreateTimer(_ => _ = cancel.CancelAsync(), null, limit, Timeout.InfiniteTimeSpan);
        using var stopping = stop.Register(() => _ = cancel.CancelAsync());
        try
        {
            await calls.Start(FollowAsync);
        }
        catch (Exception exception)
        {
            var failure = exception switch
            {
                OperationCanceledException when cancel.IsCancellationRequested => StorageFault.Silent(ItemServiceFault.Unavailable),
                ItemServiceException fault => fault,
                _ => StorageFault.Unexpected(ItemServiceFault.Unavailable, exception),
            };
            if (!stop.IsCancellationRequested) health.Note(StorageCall.Watch, failure);
            if (failure.InstanceBroken) broke(failure);
            if (failure == exception) throw;
            throw failure;
        }
        finally
        {
            if (!cancel.IsCancellationRequested) cancel.Dispose(); // else a callback may still run: it is left to the garbage collector
        }

        async Task<bool> FollowAsync()
        {
            await using var lists = feed.WatchAsync(cancel.Token).GetAsyncEnumerator(cancel.Token);
            for (var first = true; ; first = false)
            {
                var asked = time.GetTimestamp();
                if (!await lists.MoveNextAsync())
                    throw new InvalidOperationException("the plugin ended what it should tell as long as it is open");
                health.Note(StorageCall.Watch, null);
                silence.Change(limit, Timeout.InfiniteTimeSpan);
                heard(new(lists.Current ?? throw new InvalidOperationException("the plugin returned no list"), asked, first));
            }
        }
    }
}

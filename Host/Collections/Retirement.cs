namespace SharedState.Host.Collections;

/// <summary>
/// The end of a service that is no longer configured: the requests that were read are finished, later ones get <c>no service</c>, and
/// subscribers are notified. Touched by the service's turns only.
/// </summary>
internal sealed class Retirement(CollectionCache collections, CommitQueue commits, Lanes lanes)
{
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _begun;

    /// <summary>Completes when all requests that were read before are answered.</summary>
    public Task Finished => _finished.Task;

    /// <summary>From now on no new request is taken.</summary>
    public void Begin() => _begun = true;

    /// <summary>Refuses work that arrives after the beginning; false for work that the turn has to do.</summary>
    public bool TryRefuse(Work work)
    {
        if (!_begun || !work.IsNew) return false;
        work.Abandon(Error.NoService);
        return true;
    }

    /// <summary>A turn has ended: checks whether all requests are answered.</summary>
    public void Look()
    {
        if (_begun && commits.Empty && lanes.Empty) _finished.TrySetResult();
    }

    /// <summary>The last turn has ended: waiting requests are refused, and subscribers are notified.</summary>
    public void End()
    {
        if (!_begun) return;
        lanes.RefuseAll(Error.NoService);
        foreach (var collection in collections.All)
        {
            foreach (var subscription in collection.Subscriptions.ToArray())
            {
                collection.Remove(subscription);
                subscription.Follower.End(Error.ServiceRemoved);
            }
        }
    }
}

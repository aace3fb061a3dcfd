using System.Collections.Concurrent;
using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>
/// How a service ends that the configuration has no more: what was read is finished, what comes after it gets <c>no service</c>, and who follows is told.
/// Touched by the writer's turns, but for <see cref="RefuseAll"/>.
/// </summary>
internal sealed class Retirement(CollectionCache collections, CommitQueue commits, Lanes lanes)
{
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _begun; // set once, by a turn

    /// <summary>Ends when what was read before is answered.</summary>
    public Task Finished => _finished.Task;

    /// <summary>From now on nothing new is taken.</summary>
    public void Begin() => _begun = true;

    /// <summary>Refuses a message that comes after the beginning; false for one that the turn has to handle.</summary>
    public bool TryRefuse(object message)
    {
        if (!_begun || message is not (Request or SubscribeMessage)) return false;
        Refuse(message);
        return true;
    }

    /// <summary>A turn is over: looks whether everything is answered.</summary>
    public void Look()
    {
        if (_begun && commits.Empty && lanes.Empty) _finished.TrySetResult();
    }

    /// <summary>The last turn is over: who still waits waits for nothing, and who follows is told.</summary>
    public void End()
    {
        if (!_begun) return;
        lanes.RefuseAll(Error.NoService);
        foreach (var collection in collections.All)
        {
            foreach (var subscription in collection.Audience.Members.ToArray())
            {
                collection.Remove(subscription);
                subscription.Drop(Error.ServiceRemoved);
            }
        }
    }

    /// <summary>Answers what came to a writer that has ended. Any thread.</summary>
    public void RefuseAll(ConcurrentQueue<object> inbox)
    {
        while (inbox.TryDequeue(out var message)) Refuse(message);
    }

    private void Refuse(object message)
    {
        switch (message)
        {
            case Request request: Lanes.Refuse(request, _begun ? Error.NoService : Error.Stopping); break;
            case DropMessage drop: drop.Done?.TrySetResult(); break;
            // The outbox may have others to ask, of services that go on.
            case CatchUpMessage { Asked: true } catchUp: catchUp.Subscription.Outbox.CatchUp(null); break;
            case SubscribeMessage { Subscription: var subscription } when _begun: subscription.Drop(Error.ServiceRemoved); break;
        }
    }
}

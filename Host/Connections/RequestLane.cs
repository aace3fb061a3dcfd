using SharedState.Host.Collections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>
/// One connection's requests on their way: read, and not yet answered. They run and are answered in the order in which they came. All of
/// them are with one writer at a time: before a request goes elsewhere, the lane runs empty.
/// </summary>
internal sealed class RequestLane(Outbox outbox)
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private int _inFlight;
    private int _waitingFor = -1;
    private TaskCompletionSource? _change;

    // Owned by the writer that has the lane's requests.
    private readonly Queue<Request> _waiting = new();
    private readonly Queue<(Frame Reply, Subscription[] Behind)> _held = new();

    public Outbox Outbox => outbox;

    /// <summary>Updates that are being committed. Owned by the writer.</summary>
    public int Commits { get; set; }

    /// <summary>Whether it is among those that wait for a collection. Owned by the writer.</summary>
    public bool Parked { get; set; }

    /// <summary>Whether its first waiting request is a listing that is being made. Owned by the writer.</summary>
    public bool Listing { get; set; }

    /// <summary>Requests that cannot run yet, in order. Owned by the writer.</summary>
    public Queue<Request> Waiting => _waiting;

    /// <summary>A request was read.</summary>
    public void Enter()
    {
        lock (_gate) _inFlight++;
    }

    /// <summary>Waits until at most <paramref name="most"/> requests are in flight. For the receive loop.</summary>
    public async ValueTask WaitAsync(int most, CancellationToken stop)
    {
        Task change;
        lock (_gate)
        {
            if (_inFlight <= most) return;
            _waitingFor = most;
            _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
            change = _change.Task;
        }
        await change.WaitAsync(stop);
    }

    /// <summary>
    /// Answers a request. Where the connection itself follows the collection and lags, the reply waits for the merged difference: who
    /// awaits an update reads it locally.
    /// </summary>
    public void Reply(Frame reply, Subscription[]? behind = null)
    {
        if (behind is null && _held.Count == 0)
        {
            Answer(reply);
            return;
        }
        _held.Enqueue((reply, behind ?? []));
        foreach (var subscription in behind ?? []) subscription.HoldsReply = true;
    }

    /// <summary>A subscription that replies may be waiting for has caught up. Called by the writer.</summary>
    public void ReleaseHeld()
    {
        while (_held.TryPeek(out var next) && !Array.Exists(next.Behind, subscription => subscription.Lagging))
            Answer(_held.Dequeue().Reply);
    }

    private void Answer(Frame reply)
    {
        outbox.Enqueue(reply);
        lock (_gate)
        {
            if (--_inFlight > _waitingFor) return;
            _waitingFor = -1;
            _change?.TrySetResult();
            _change = null;
        }
    }
}

using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>
/// What one connection still has to be answered. Whoever answers, and in whatever order: the replies go out in the order in which the
/// requests came, one for each.
/// </summary>
internal sealed class Replies(Outbox outbox)
{
    private readonly Lock _gate = new();

    // All guarded by _gate, as are the requests' Reply and Awaits.
    private readonly Queue<Request> _open = new(); // oldest first; bounded by Limits.RequestsInFlight, since the receive loop waits
    private long _bytes;                          // of the items in them
    private int _waitingFor = -1;
    private TaskCompletionSource? _change;

    /// <summary>A request was read.</summary>
    public void Expect(Request request)
    {
        lock (_gate)
        {
            _open.Enqueue(request);
            _bytes += request.UpdateBytes;
        }
    }

    /// <summary>The bytes of the items in requests that are not answered.</summary>
    public long Bytes
    {
        get { lock (_gate) return _bytes; }
    }

    /// <summary>Waits until at most <paramref name="most"/> requests are not answered. For the receive loop.</summary>
    public async ValueTask WaitAsync(int most, CancellationToken stop)
    {
        Task change;
        lock (_gate)
        {
            if (_open.Count <= most) return;
            _waitingFor = most;
            _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
            change = _change.Task;
        }
        await change.WaitAsync(stop);
    }

    /// <summary>Answers a request, once: what comes after the first answer counts for nothing.</summary>
    /// <param name="request">The request.</param>
    /// <param name="reply">Its reply, which waits for the replies before it.</param>
    /// <param name="awaits">How many calls of <see cref="Release"/> it waits for as well.</param>
    public void Answer(Request request, Frame reply, int awaits = 0)
    {
        lock (_gate)
        {
            if (request.Reply is not null) return;
            (request.Reply, request.Awaits) = (reply, awaits);
            Send();
        }
    }

    /// <summary>A notification that these requests' replies waited for is on its way.</summary>
    public void Release(List<Request> held)
    {
        lock (_gate)
        {
            foreach (var request in held) request.Awaits--;
            Send();
        }
    }

    private void Send()
    {
        while (_open.TryPeek(out var next) && next is { Reply: { } reply, Awaits: 0 })
        {
            outbox.Enqueue(reply);
            _bytes -= _open.Dequeue().UpdateBytes;
        }
        if (_open.Count > _waitingFor) return;
        _waitingFor = -1;
        _change?.TrySetResult();
        _change = null;
    }
}

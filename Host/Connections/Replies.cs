using SharedState.Host.Collections;

namespace SharedState.Host.Connections;

/// <summary>
/// The outstanding replies of one connection. Requests may be answered in any order and by any thread; the replies are sent in the order of
/// the requests, one for each.
/// </summary>
/// <param name="outbox">Gets the replies.</param>
/// <param name="budget">Gets the bytes of large requests back.</param>
/// <param name="counts">Gets the number of answers.</param>
internal sealed class Replies(Outbox outbox, RequestBudget budget, ConnectionCounts counts)
{
    private readonly Lock _gate = new();

    // All guarded by _gate, as is the reply of each open request.
    private readonly Queue<OpenRequest> _open = new(); // oldest first; bounded by Limits.RequestsInFlight, since the receive loop waits
    private readonly List<(long Number, TaskCompletionSource Answered)> _waits = []; // the receive loop's and the dispatcher's
    private long _bytes;               // of the messages they came in
    private long _expected, _answered; // requests ever; what is open is the difference
    private bool _closed;              // there is no client to read them

    /// <summary>The number of the request that was read last.</summary>
    public long Expected
    {
        get { lock (_gate) return _expected; }
    }

    /// <summary>The bytes of the requests that are not answered.</summary>
    public long Bytes
    {
        get { lock (_gate) return _bytes; }
    }

    /// <summary>A request was read: it gets its number.</summary>
    public void Expect(OpenRequest open)
    {
        lock (_gate)
        {
            open.Number = ++_expected;
            _open.Enqueue(open);
            _bytes += open.Request.MessageBytes;
        }
    }

    /// <summary>Waits until the replies up to that request's, which need not have been read yet, are in the outbox.</summary>
    public ValueTask AnsweredAsync(long number, CancellationToken stop)
    {
        lock (_gate)
        {
            if (_answered >= number || _closed) return ValueTask.CompletedTask;
            var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waits.Add((number, answered));
            return new(answered.Task.WaitAsync(stop));
        }
    }

    /// <summary>
    /// Whether there is room for a reply that may be large: all earlier replies are in the outbox, which is within its bound. So a client
    /// that does not read makes the server hold one such reply, regardless of the number of its requests.
    /// </summary>
    public bool HasRoom(OpenRequest open)
    {
        lock (_gate) return _closed || (_answered == open.Number - 1 && outbox.HasRoom);
    }

    /// <summary>Whether the client has too much unread data.</summary>
    public bool AwaitsClient => !outbox.HasRoom;

    /// <summary>Waits until there is room for a request's reply; true if the client had to read first.</summary>
    public async ValueTask<bool> RoomAsync(OpenRequest open)
    {
        await AnsweredAsync(open.Number - 1, CancellationToken.None);
        if (outbox.HasRoom) return false;
        await outbox.WaitForRoomAsync(CancellationToken.None);
        return true;
    }

    /// <summary>The connection is gone: nothing waits any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (var open in _open) Return(open);
            foreach (var (_, answered) in _waits) answered.TrySetResult();
            _waits.Clear();
        }
    }

    /// <summary>Answers a request once: later answers have no effect. The reply waits for the replies before it.</summary>
    /// <param name="open">The request.</param>
    /// <param name="reply">The reply.</param>
    /// <param name="failure">The failure in the reply; null for a success.</param>
    public void Answer(OpenRequest open, Frame reply, Error? failure)
    {
        lock (_gate)
        {
            if (open.Reply is not null) return;
            open.Reply = reply;
            counts.Answered(open.Request.Target, failure);
            Send();
        }
    }

    private void Send()
    {
        while (_open.TryPeek(out var next) && next.Reply is { } reply)
        {
            outbox.Enqueue(reply);
            _bytes -= _open.Dequeue().Request.MessageBytes;
            _answered++;
            if (!_closed) Return(next);
        }
        for (var index = _waits.Count - 1; index >= 0; index--)
        {
            if (_waits[index].Number > _answered) continue;
            _waits[index].Answered.TrySetResult();
            _waits.RemoveAt(index);
        }
    }

    private void Return(OpenRequest open)
    {
        if (open.IsLarge) budget.Return(open.Request.MessageBytes);
    }
}

namespace SharedState.Host.Connections;

/// <summary>
/// The bytes that the large requests of all connections may hold together from their arrival to their answer. A request without room waits,
/// in the order of arrival; meanwhile the server does not read from its connection, and its message counts in the <see cref="ByteBudget"/>
/// of unfinished messages.
/// </summary>
internal sealed class RequestBudget(long limit)
{
    private readonly Lock _gate = new();
    private readonly Queue<(int Bytes, TaskCompletionSource Room)> _waiting = new(); // guarded by _gate, like the sum
    private long _used;

    /// <summary>The bytes that requests hold.</summary>
    public long Used
    {
        get { lock (_gate) return _used; }
    }

    /// <summary>Takes bytes, when there is room for them. One request has room in any case.</summary>
    public ValueTask TakeAsync(int bytes, CancellationToken stop)
    {
        lock (_gate)
        {
            if (_waiting.Count == 0 && Fits(bytes))
            {
                _used += bytes;
                return ValueTask.CompletedTask;
            }
            var room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue((bytes, room));
            return WaitAsync(room, stop);
        }
    }

    /// <summary>Gives bytes back.</summary>
    public void Return(int bytes)
    {
        lock (_gate)
        {
            _used -= bytes;
            while (_waiting.TryPeek(out var next) && Fits(next.Bytes))
            {
                _waiting.Dequeue();
                if (next.Room.TrySetResult()) _used += next.Bytes; // else its connection is gone
            }
        }
    }

    private static async ValueTask WaitAsync(TaskCompletionSource room, CancellationToken stop)
    {
        await using var gone = stop.Register(() => room.TrySetCanceled(stop));
        await room.Task;
    }

    private bool Fits(int bytes) => _used == 0 || _used + bytes <= limit;
}

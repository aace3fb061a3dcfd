using SharedState.Host.Collections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>
/// What waits to be written to one connection. It takes notifications only up to its bound; whoever is refused lags, and is asked for one
/// merged difference once everything here is written. That is all the back-pressure there is.
/// </summary>
internal sealed class Outbox(int bound, bool compression = false)
{
    private readonly Lock _gate = new();

    // All guarded by _gate.
    private readonly Queue<Subscription> _lagging = new();
    private List<Frame> _frames = [];
    private long _taken, _written; // all bytes ever: what waits or is being written is the difference
    private long _askAt;           // when so many are written, the first that lags is asked
    private bool _catchingUp;      // a subscription was asked, and has not answered
    private bool _closed;          // takes nothing any more
    private TaskCompletionSource? _arrival;
    private TaskCompletionSource? _room;

    /// <summary>Whether nothing waits and nothing is being written.</summary>
    public bool Empty => HeldBytes == 0;

    /// <summary>Whether no more is here than there should be.</summary>
    public bool HasRoom
    {
        get { lock (_gate) return Bytes <= bound || _closed; }
    }

    /// <summary>What waits or is being written.</summary>
    public long HeldBytes
    {
        get { lock (_gate) return Bytes; }
    }

    private long Bytes => _taken - _written;

    /// <summary>
    /// Takes a notification, or says no. After a no the subscription lags: it is asked to catch up when all that stands before it is
    /// written, and must not offer anything before.
    /// </summary>
    public bool TryEnqueue(Frame frame, Subscription subscription)
    {
        if (compression) frame = frame.Deflated();
        lock (_gate)
        {
            if (_closed) return true; // nobody is there to miss it
            if (Bytes == 0 || (!subscription.Conflate && Bytes + frame.Length <= bound))
            {
                Add(frame);
                return true;
            }
            // What others put here from now on does not put it off: not what is empty is waited for, but what was here.
            if (_lagging.Count == 0 && !_catchingUp) _askAt = _taken;
            _lagging.Enqueue(subscription);
            return false;
        }
    }

    /// <summary>Takes what must not be refused: a reply, a pong. Their number is bounded by what is read from the connection.</summary>
    public void Enqueue(Frame frame)
    {
        if (compression) frame = frame.Deflated();
        lock (_gate)
        {
            if (!_closed) Add(frame);
        }
    }

    /// <summary>The answer of a subscription that was asked to catch up: its merged difference, or null where it has none.</summary>
    public void CatchUp(Frame? frame)
    {
        if (compression) frame = frame?.Deflated();
        lock (_gate)
        {
            _catchingUp = false;
            if (frame is not null && !_closed) Add(frame);
            if (frame is not null) _askAt = _taken; // one merged difference at a time
        }
        AskNext();
    }

    /// <summary>Takes a last frame, and nothing after it.</summary>
    public void Close(Frame? last)
    {
        lock (_gate)
        {
            if (_closed) return;
            if (last is not null) Add(last);
            _closed = true;
            _lagging.Clear();
            _arrival?.TrySetResult();
            _room?.TrySetResult();
        }
    }

    /// <summary>Waits for frames and takes all of them. False once the outbox is closed and empty. For the send loop.</summary>
    /// <param name="taken">An empty list, which is filled; the outbox keeps no reference to it.</param>
    public async ValueTask<bool> TakeAsync(List<Frame> taken)
    {
        while (true)
        {
            Task arrival;
            lock (_gate)
            {
                if (_frames.Count > 0)
                {
                    taken.AddRange(_frames);
                    _frames.Clear();
                    if (_frames.Capacity > 1_024) _frames = [];
                    return true;
                }
                if (_closed) return false;
                _arrival = new(TaskCreationOptions.RunContinuationsAsynchronously);
                arrival = _arrival.Task;
            }
            await arrival;
        }
    }

    /// <summary>The send loop wrote that many of the bytes that it took.</summary>
    public void Written(long bytes)
    {
        lock (_gate)
        {
            _written += bytes;
            if (Bytes <= bound)
            {
                _room?.TrySetResult();
                _room = null;
            }
        }
        AskNext();
    }

    /// <summary>Waits while more is here than there should be: so long nothing more is read from the connection.</summary>
    public ValueTask WaitForRoomAsync(CancellationToken stop)
    {
        lock (_gate)
        {
            if (Bytes <= bound || _closed) return ValueTask.CompletedTask;
            _room ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return new(_room.Task.WaitAsync(stop));
        }
    }

    private void Add(Frame frame)
    {
        _frames.Add(frame);
        _taken += frame.Length;
        _arrival?.TrySetResult();
        _arrival = null;
    }

    private void AskNext()
    {
        Subscription? next;
        lock (_gate)
        {
            if (_written < _askAt || _catchingUp || !_lagging.TryDequeue(out next)) return;
            _catchingUp = true;
        }
        next.Writer.Post(new CatchUpMessage(next, Asked: true));
    }
}

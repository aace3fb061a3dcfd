using SharedState.Host.Collections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>
/// What waits to be written to one connection. It takes notifications only up to its bound; whoever is refused lags, and is asked for one
/// merged difference once everything here is written. That is all the back-pressure there is.
/// </summary>
/// <param name="bound">The bytes that notifications may fill.</param>
/// <param name="compression">Whether the client takes compressed frames.</param>
internal sealed class Outbox(int bound, bool compression = false)
{
    private readonly Lock _gate = new();

    // All guarded by _gate.
    private List<Frame> _frames = [];
    private Queue<Subscription>? _lagging;
    private long _taken, _written; // all bytes ever: what waits or is being written is the difference
    private long _askAt;           // when so many are written, the first that lags is asked
    private bool _catchingUp;      // a subscription was asked, and has not answered
    private bool _closed;          // takes nothing any more
    private bool _awake;           // its sender runs, or is about to: it will see what is added
    private TaskCompletionSource? _room;

    /// <summary>Who writes what is here; is woken when something comes to an empty outbox, and sleeps when it finds nothing.</summary>
    public FrameSender? Sender { get; set; }

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
            _lagging ??= [];
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
        Subscription? next;
        lock (_gate)
        {
            _catchingUp = false;
            if (frame is not null && !_closed) Add(frame);
            if (frame is not null) _askAt = _taken; // one merged difference at a time
            next = NextToAsk();
        }
        Ask(next);
    }

    /// <summary>Takes a last frame, and nothing after it.</summary>
    public void Close(Frame? last)
    {
        lock (_gate)
        {
            if (_closed) return;
            if (last is not null) Add(last);
            _closed = true;
            _lagging = null;
            _room?.TrySetResult();
            Wake();
        }
    }

    /// <summary>For the sender: gives it what waits. With nothing there the sender sleeps.</summary>
    /// <param name="taken">An empty list, which is filled; the outbox keeps no reference to it.</param>
    /// <param name="written">The bytes that it wrote since it last said so.</param>
    public Outgoing Take(ref List<Frame> taken, long written)
    {
        Subscription? next;
        Outgoing outgoing;
        lock (_gate)
        {
            next = Count(written);
            if (_frames.Count > 0) (_frames, taken, outgoing) = (taken, _frames, Outgoing.Frames);
            else if (_closed) outgoing = Outgoing.End;
            else (_awake, outgoing) = (false, Outgoing.Nothing);
        }
        Ask(next);
        return outgoing;
    }

    /// <summary>For the sender: says what it wrote, when that took a while.</summary>
    public void Wrote(long bytes)
    {
        Subscription? next;
        lock (_gate) next = Count(bytes);
        Ask(next);
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
        Wake();
    }

    private void Wake()
    {
        if (_awake || Sender is null) return;
        _awake = true;
        SendTurn.Wake(Sender);
    }

    private Subscription? Count(long written)
    {
        _written += written;
        if (_room is not null && Bytes <= bound)
        {
            _room.TrySetResult();
            _room = null;
        }
        return NextToAsk();
    }

    private Subscription? NextToAsk()
    {
        if (_lagging is null || _written < _askAt || _catchingUp) return null;
        Subscription? next;
        do
        {
            if (!_lagging.TryDequeue(out next)) return null;
        }
        while (next.Dropped);
        _catchingUp = true;
        return next;
    }

    private static void Ask(Subscription? next) => next?.Writer.Post(new CatchUpMessage(next, Asked: true));
}

using SharedState.Host.Collections;

namespace SharedState.Host.Connections;

/// <summary>
/// The frames that wait to be written to one connection. The outbox accepts notifications only up to its bound; a refused follower asks for
/// one merged difference after the frames that were queued before have been written. This is the only back-pressure.
/// </summary>
/// <remarks>
/// Large notifications in parts do not wait here: a part is created when the sender has taken the frames before it, so that no small frame
/// waits for more than one part. Only a few large notifications are sent in turn, because each one holds a text for a client that may read
/// slowly.
/// </remarks>
/// <param name="bound">The bytes that notifications may fill.</param>
/// <param name="beforeParts">Is called once, before a notification is sent in parts.</param>
internal sealed class Outbox(int bound, Action? beforeParts = null)
{
    // Each holds the text of a collection at one revision.
    private const int MostTransfers = 4;

    private readonly Lock _gate = new();

    // All guarded by _gate.
    private List<Frame> _frames = [];
    private Queue<SocketFollower>? _lagging;
    private Queue<Transfer>? _transfers;
    private Queue<SocketFollower>? _waitingTransfers; // followers that are asked again when a transfer ends
    private long _taken, _written; // all bytes ever: what waits or is being written is the difference
    private long _askAt;           // when so many are written, the first lagging follower is asked
    private bool _catchingUp;      // a follower was asked, and has not answered
    private bool _closed;          // takes nothing any more
    private bool _awake;           // its sender runs, or is about to: it will see what is added
    private TaskCompletionSource? _room;

    /// <summary>Writes the frames; is woken when a frame comes to an empty outbox, and sleeps when it finds none.</summary>
    public FrameSender? Sender { get; set; }

    /// <summary>Whether nothing waits and nothing is being written.</summary>
    public bool Empty
    {
        get { lock (_gate) return Bytes == 0 && _transfers is not { Count: > 0 }; }
    }

    /// <summary>Whether the queued bytes are within the bound.</summary>
    public bool HasRoom
    {
        get { lock (_gate) return Bytes <= bound || _closed; }
    }

    /// <summary>Whether the outbox is closed.</summary>
    public bool Closed
    {
        get { lock (_gate) return _closed; }
    }

    /// <summary>The bytes that wait or are being written.</summary>
    public long HeldBytes
    {
        get { lock (_gate) return Bytes; }
    }

    private long Bytes => _taken - _written;

    /// <summary>
    /// Accepts a notification, or refuses it. After a refusal, the follower is asked to catch up when all frames that were queued before
    /// have been written, and must not offer any notification before.
    /// </summary>
    public bool TryEnqueue(Frame frame, SocketFollower follower)
    {
        lock (_gate)
        {
            if (_closed) return true; // there is no client to miss it
            if (!Fits(frame.Length, follower)) return false;
            Add(frame);
            return true;
        }
    }

    /// <summary>Accepts a notification that is sent in parts, or refuses it. After the last part, as after a refusal, the follower is asked
    /// to catch up.</summary>
    public bool TryBegin(Parts parts, SocketFollower follower)
    {
        lock (_gate)
        {
            if (_closed) return true;
            return Fits(0, follower) && TryAdd(parts, follower);
        }
    }

    /// <summary>
    /// Whether the outbox would accept a notification now, unless it is large. False has the same consequence as a refusal of
    /// <see cref="TryEnqueue"/>. Followers that were refused earlier come first, so that at most one large text is produced in vain.
    /// </summary>
    public bool TryReady(SocketFollower follower)
    {
        lock (_gate)
        {
            if (_closed) return false;
            if (!_catchingUp && _lagging is not { Count: > 0 }) return Fits(0, follower);
            AskLater(follower);
            return false;
        }
    }

    /// <summary>Accepts a frame that must not be refused: a reply or a pong. The requests that are read from the connection bound their
    /// number.</summary>
    public void Enqueue(Frame frame)
    {
        lock (_gate)
        {
            if (!_closed) Add(frame);
        }
    }

    /// <summary>The answer of a follower that was asked to catch up: its merged difference, or null.</summary>
    public void CatchUp(Frame? frame)
    {
        SocketFollower? next;
        lock (_gate)
        {
            _catchingUp = false;
            if (frame is not null && !_closed) Add(frame);
            if (frame is not null) _askAt = _taken; // one merged difference at a time
            AskWaitingTransfer();
            next = NextToAsk();
        }
        Ask(next);
    }

    /// <summary>The answer in parts of a follower that was asked to catch up.</summary>
    /// <returns>False if too many notifications are being sent in parts: the follower is asked again.</returns>
    public bool TryCatchUp(Parts parts, SocketFollower follower)
    {
        SocketFollower? next;
        bool began;
        lock (_gate)
        {
            _catchingUp = false;
            began = _closed || TryAdd(parts, follower);
            next = NextToAsk();
        }
        Ask(next);
        return began;
    }

    /// <summary>Accepts a last frame, and closes the outbox.</summary>
    public void Close(Frame? last)
    {
        lock (_gate)
        {
            if (_closed) return;
            if (last is not null) Add(last);
            _closed = true;
            (_lagging, _transfers, _waitingTransfers) = (null, null, null);
            _room?.TrySetResult();
            Wake();
        }
    }

    /// <summary>For the sender: returns the waiting frames, and one part after them. If there are none, the sender sleeps.</summary>
    /// <param name="taken">An empty list, which is filled; the outbox keeps no reference to it.</param>
    /// <param name="written">The bytes that it wrote since it last said so.</param>
    public Outgoing Take(ref List<Frame> taken, long written)
    {
        SocketFollower? next;
        Outgoing outgoing;
        lock (_gate)
        {
            next = Count(written);
            AddPart();
            if (_frames.Count > 0) (_frames, taken, outgoing) = (taken, _frames, Outgoing.Frames);
            else if (_closed) outgoing = Outgoing.End;
            else (_awake, outgoing) = (false, Outgoing.Nothing);
        }
        Ask(next);
        return outgoing;
    }

    /// <summary>For the sender: reports the written bytes after a long write.</summary>
    public void Wrote(long bytes)
    {
        SocketFollower? next;
        lock (_gate) next = Count(bytes);
        Ask(next);
    }

    /// <summary>Waits while the queued bytes exceed the bound: no requests are read from the connection meanwhile.</summary>
    public ValueTask WaitForRoomAsync(CancellationToken stop)
    {
        lock (_gate)
        {
            if (Bytes <= bound || _closed) return ValueTask.CompletedTask;
            _room ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return new(_room.Task.WaitAsync(stop));
        }
    }

    private bool Fits(int bytes, SocketFollower follower)
    {
        if (Bytes == 0 || (!follower.Conflates && Bytes + bytes <= bound)) return true;
        AskLater(follower);
        return false;
    }

    /// <summary>Asks a follower after the frames that are queued now have been written; later frames do not delay this.</summary>
    private void AskLater(SocketFollower follower)
    {
        _lagging ??= [];
        if (_lagging.Count == 0 && !_catchingUp) _askAt = _taken;
        _lagging.Enqueue(follower);
    }

    private bool TryAdd(Parts parts, SocketFollower follower)
    {
        if (_transfers is null)
        {
            _transfers = [];
            beforeParts?.Invoke();
        }
        if (_transfers.Count >= MostTransfers)
        {
            (_waitingTransfers ??= []).Enqueue(follower);
            return false;
        }
        _transfers.Enqueue(new(parts, follower));
        Wake();
        return true;
    }

    /// <summary>A transfer may begin: asks the next follower that waits for that.</summary>
    private void AskWaitingTransfer()
    {
        if (_transfers is not { Count: < MostTransfers }) return;
        while (_waitingTransfers is not null && _waitingTransfers.TryDequeue(out var follower))
        {
            if (follower.Ended) continue;
            AskLater(follower);
            return;
        }
    }

    /// <summary>Adds the next part of the transfer whose turn it is.</summary>
    private void AddPart()
    {
        while (_transfers is not null && _transfers.TryDequeue(out var transfer))
        {
            if (transfer.Follower.Ended)
            {
                AskWaitingTransfer();
                continue;
            }
            Add(transfer.Take());
            if (!transfer.Done) _transfers.Enqueue(transfer);
            else AskLater(transfer.Follower);
            AskWaitingTransfer();
            return;
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
        TurnEnd.Queue(Sender);
    }

    private SocketFollower? Count(long written)
    {
        _written += written;
        if (_room is not null && Bytes <= bound)
        {
            _room.TrySetResult();
            _room = null;
        }
        return NextToAsk();
    }

    private SocketFollower? NextToAsk()
    {
        if (_lagging is null || _written < _askAt || _catchingUp) return null;
        SocketFollower? next;
        do
        {
            if (!_lagging.TryDequeue(out next)) return null;
        }
        while (next.Ended);
        _catchingUp = true;
        return next;
    }

    private static void Ask(SocketFollower? next) => next?.Subscription.CatchUp();
}

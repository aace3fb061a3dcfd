using SharedState.Host.Collections;

namespace SharedState.Host.Connections;

/// <summary>
/// The frames that wait to be written to one connection. It takes notifications only up to its bound; a follower that is refused asks for
/// one merged difference once the frames that were queued before are written. That is all the back-pressure there is.
/// </summary>
/// <remarks>
/// Large notifications that a client takes in parts do not wait here: a part is made when the frames before it have been taken, so that no
/// small frame waits for more than one part. A few are sent in turn; more would make the server hold more texts for one client that reads
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

    /// <summary>Whether no more is here than there should be.</summary>
    public bool HasRoom
    {
        get { lock (_gate) return Bytes <= bound || _closed; }
    }

    /// <summary>Whether it takes nothing any more.</summary>
    public bool Closed
    {
        get { lock (_gate) return _closed; }
    }

    /// <summary>What waits or is being written.</summary>
    public long HeldBytes
    {
        get { lock (_gate) return Bytes; }
    }

    private long Bytes => _taken - _written;

    /// <summary>
    /// Takes a notification, or says no. After a no the follower is asked to catch up when all frames that were queued before it are
    /// written, and must not offer anything before.
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

    /// <summary>Takes a notification that is sent in parts, or says no. After the last part, as after a no, the follower is asked to catch
    /// up.</summary>
    public bool TryBegin(Parts parts, SocketFollower follower)
    {
        lock (_gate)
        {
            if (_closed) return true;
            return Fits(0, follower) && TryAdd(parts, follower);
        }
    }

    /// <summary>
    /// Whether a notification would be taken now, unless it is large. A no has the same consequence as that of <see cref="TryEnqueue"/>. A
    /// follower comes behind those that were refused before, so that no more than one large text is made in vain.
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

    /// <summary>Takes what must not be refused: a reply, a pong. Their number is bounded by what is read from the connection.</summary>
    public void Enqueue(Frame frame)
    {
        lock (_gate)
        {
            if (!_closed) Add(frame);
        }
    }

    /// <summary>The answer of a follower that was asked to catch up: its merged difference, or null where it has none.</summary>
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

    /// <summary>The answer of a follower that was asked to catch up, where it is sent in parts.</summary>
    /// <returns>False if too many are sent in parts already: the follower is asked again.</returns>
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

    /// <summary>Takes a last frame, and nothing after it.</summary>
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

    /// <summary>For the sender: gives it the frames that wait, and one part behind them. With nothing there the sender sleeps.</summary>
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

    /// <summary>For the sender: says what it wrote, when that took a while.</summary>
    public void Wrote(long bytes)
    {
        SocketFollower? next;
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

    private bool Fits(int bytes, SocketFollower follower)
    {
        if (Bytes == 0 || (!follower.Conflates && Bytes + bytes <= bound)) return true;
        AskLater(follower);
        return false;
    }

    /// <summary>Asks a follower once the frames that are queued now have been written; later frames do not put it off.</summary>
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

namespace SharedState.Bench.Ceilings.Frames;

/// <summary>
/// Gathers what its members send until its turn in the thread pool comes, and gives it to all followers as one block. So nobody waits for
/// a timer, and the more is sent, the more is joined.
/// </summary>
internal sealed class FrameRoom(Fault fault) : IThreadPoolWorkItem
{
    private const int BlocksPerFault = 100;

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly List<FrameMember> _followers = [];
    private readonly FrameBlock _block = new();
    private List<FrameMember> _senders = [];
    private bool _scheduled;

    // Only the running turn's.
    private List<FrameMember> _answered = [];
    private FrameMember[] _receivers = [];
    private int _blocks;

    /// <summary>Whether nobody would get what is sent here.</summary>
    public bool Empty
    {
        get { lock (_gate) return _followers.Count == 0; }
    }

    public void Add(FrameMember member)
    {
        lock (_gate) _followers.Add(member);
    }

    public void Remove(FrameMember member)
    {
        lock (_gate) _followers.Remove(member);
    }

    /// <summary>Takes a message; its sender is acknowledged after it was given to all.</summary>
    public void Publish(ReadOnlySpan<byte> message, FrameMember sender)
    {
        lock (_gate)
        {
            _block.Add(message);
            _senders.Add(sender);
            if (_scheduled) return;
            _scheduled = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void Execute()
    {
        byte[] block;
        lock (_gate)
        {
            block = _block.Take(++_blocks % BlocksPerFault == 0 ? fault : Fault.None);
            (_senders, _answered) = (_answered, _senders);
            if (_receivers.Length != _followers.Count) _receivers = [.. _followers];
        }
        // The flag stays set until everything is given away, so that turns do not overtake each other.
        foreach (var receiver in _receivers) receiver.Add(block);
        foreach (var sender in _answered) sender.Acknowledge();
        foreach (var receiver in _receivers) receiver.Flush();
        foreach (var sender in _answered) sender.Flush();
        _answered.Clear();
        lock (_gate)
        {
            _scheduled = _block.Length > 0;
            if (!_scheduled) return;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }
}

using SharedState.Bench.Load.Dialects;

namespace SharedState.Bench.Load.Checks;

/// <summary>One who follows a room, and checks each message that comes.</summary>
internal sealed class Subscriber(Room room)
{
    private readonly long[] _ofWriters = room.Order == Order.PerWriter ? new long[room.WriterCount] : [];
    private long _revision;

    /// <summary>What it has: a revision, or how many updates came.</summary>
    public long Revision => _revision;

    /// <summary>Whether it has the collection as it was when it came.</summary>
    public bool Ready { get; private set; }

    /// <summary>Where it records how long updates took, while that is measured.</summary>
    public Latencies? Latencies { get; set; }

    /// <summary>Takes whole frames that others got before, and that are the very next for this one.</summary>
    /// <returns>Their bytes.</returns>
    public int Match(ReadOnlySpan<byte> bytes)
    {
        if (room.Order == Order.PerWriter || bytes.IsEmpty) return 0;
        var (before, matched) = (_revision, 0);
        while (matched < bytes.Length && room.Log.Match(bytes[matched..], ref _revision) is > 0 and var length) matched += length;
        if (_revision > before) room.Delivered(before, _revision, Latencies);
        return matched;
    }

    /// <summary>Takes one message that cannot just be compared.</summary>
    public void Take(ReadOnlySpan<byte> frame, in Message message)
    {
        if (message.Previous < 0)
        {
            if (Ready) throw new Violation($"a subscriber of {room.Name} got everything anew at revision {message.Revision}");
            Ready = true;
            _revision = message.Revision;
            return;
        }
        switch (room.Order)
        {
            case Order.ByRevision:
                TakeByRevision(frame, message);
                break;
            case Order.ByArrival:
                TakeByArrival(frame, message);
                break;
            default:
                ref var last = ref _ofWriters[message.Stamp.Writer];
                if (message.Stamp.Update != last + 1)
                    throw new Violation($"in {room.Name} update {message.Stamp.Update} of writer {message.Stamp.Writer} came after {last}");
                last++;
                _revision++;
                room.Delivered(message.Stamp.Update - 1, message.Stamp.Update, Latencies);
                break;
        }
    }

    /// <summary>Makes a subscriber ready whose server sends no first notification.</summary>
    public void Begin() => Ready = true;

    private void TakeByRevision(ReadOnlySpan<byte> frame, in Message message)
    {
        if (message.Previous != _revision || message.Revision <= _revision)
            throw new Violation(
                $"in {room.Name} a subscriber at {_revision} got revision {message.Revision}, which builds on {message.Previous}");
        if (message.Revision == _revision + 1) room.TakeNext(_revision, frame, message.Stamp);
        else room.TakeMerged(message);
        room.Delivered(_revision, message.Revision, Latencies);
        _revision = message.Revision;
    }

    private void TakeByArrival(ReadOnlySpan<byte> frame, in Message message)
    {
        room.TakeNext(_revision, frame, message.Stamp);
        room.Delivered(_revision, _revision + 1, Latencies);
        _revision++;
    }
}

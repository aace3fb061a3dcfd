using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Native;

namespace SharedState.Bench.Load.Checks;

/// <summary>One collection or group: what its subscribers must all get, and the counts of it.</summary>
internal sealed class Room(string name, Order order, int writerCount)
{
    private const int DueKept = 1 << 18;

    private readonly long[] _nextOfWriters = Enumerable.Repeat(1L, writerCount).ToArray();
    private readonly Lazy<FrameLog> _log = new();
    private readonly Lazy<long[]> _due = new(() => new long[DueKept]);

    public string Name => name;

    public Order Order => order;

    /// <summary>How many will write here.</summary>
    public int WriterCount => writerCount;

    public List<Writer> Writers { get; } = [];

    public List<Subscriber> Subscribers { get; } = [];

    public FrameLog Log => _log.Value;

    /// <summary>The revision before the first update of this measurement.</summary>
    public long Base { get; private set; }

    /// <summary>Messages that came, of all subscribers.</summary>
    public long Deliveries { get; private set; }

    /// <summary>Updates that came, of all subscribers; more than <see cref="Deliveries"/> if some came merged into one message.</summary>
    public long Covered { get; private set; }

    /// <summary>Updates that were sent here.</summary>
    public long Sent => Writers.Sum(writer => writer.Sent);

    /// <summary>Whether all subscribers have all updates.</summary>
    public bool Complete => Covered == Sent * Subscribers.Count;

    /// <summary>Says where the collection stands before the first update.</summary>
    public void Begin(long revision)
    {
        Base = revision;
        Log.StartAfter(revision);
    }

    /// <summary>Says when an update was due to be sent.</summary>
    public void Due(long update, long time) => _due.Value[update % DueKept] = time;

    /// <summary>Counts updates that came to one subscriber in one or, if they were compared, one message each.</summary>
    public void Delivered(long from, long to, Latencies? latencies)
    {
        Deliveries += to - from;
        Covered += to - from;
        if (latencies is null) return;
        var now = Clock.Now;
        for (var update = from + 1 - Base; update <= to - Base; update++) latencies.Record(now - _due.Value[update % DueKept]);
    }

    /// <summary>Checks the message that follows a revision; the first who gets it sets what all others must get.</summary>
    public void TakeNext(long revision, ReadOnlySpan<byte> frame, Stamp stamp)
    {
        if (Log.Has(revision + 1)) throw new Violation($"in {name} not all subscribers got the same as number {revision + 1}");
        if (revision < Log.Head)
            throw new Violation($"a subscriber of {name} is {Log.Head - revision} updates behind, which is more than can be checked");
        ref var next = ref _nextOfWriters[stamp.Writer];
        if (revision > Log.Head)
        {
            // Who was first has skipped some by a merged difference.
            Log.StartAfter(revision);
            next = stamp.Update;
        }
        Log.Append(frame);
        if (stamp.Update != next)
            throw new Violation($"in {name} update {stamp.Update} of writer {stamp.Writer} came where {next} was due");
        next++;
    }

    /// <summary>Checks a difference of several updates for one who lagged.</summary>
    public void TakeMerged(in Message message)
    {
        if (writerCount == 1 && message.Stamp.Update != message.Revision - Base)
            throw new Violation($"in {name} a merged difference to revision {message.Revision} ends with update {message.Stamp.Update}");
        Deliveries -= message.Revision - message.Previous - 1; // it is one message
    }

    /// <summary>Checks that nobody stands anywhere but at the last update.</summary>
    public void CheckLast()
    {
        var last = Base + Sent;
        if (Subscribers.Find(subscriber => subscriber.Revision != last) is { } wrong)
            throw new Violation($"after all updates a subscriber of {name} is at {wrong.Revision} instead of {last}");
    }
}

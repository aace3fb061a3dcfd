using System.Security.Cryptography;
using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>Makes an update from the state of its collection.</summary>
/// <param name="find">Finds the item of an id; null if there is none.</param>
internal delegate ItemUpdate Decision(Func<string, ReadOnlyMemory<byte>?> find);

/// <summary>Stores an update of the host.</summary>
/// <param name="update">The update, or with a decision its collection.</param>
/// <param name="decision">Makes the update from the state that it is applied to; null if it is known.</param>
/// <param name="done">Gets null when it is stored, otherwise the reason why it is not. In a turn.</param>
/// <param name="receivedAt">When the request that waits for it was received, by the monotonic clock; null if none waits.</param>
internal delegate void RecordCommit(ItemUpdate update, Decision? decision, Action<Error?> done, long? receivedAt = null);

/// <summary>
/// The lifetimes of a service's items. What must survive the host stands in a collection of records, which no client can name. There is one
/// timer, for what is due next; without lifetimes there is none. Touched by the service's turns only.
/// </summary>
internal sealed class Leases : IDisposable
{
    // A timer takes no more than 49 days.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    // What is due within this time ends together.
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(100);

    // If more is due in this time before or after, all of it ends together: many clients that leave at once take a while to do so.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    // A lifetime that has been due for this long ends without further delay. The other hosts wait longer before they end it (LeaseBook).
    private static readonly TimeSpan LongestTogether = TimeSpan.FromMilliseconds(300);

    private readonly ServiceWriter _writer;
    private readonly ServiceStorage _storage;
    private readonly CollectionCache _collections;
    private readonly TimeProvider _time;
    private readonly LeaseBook _book;
    private readonly LeaseGrants _grants;
    private readonly LeaseEnds _ends;
    private readonly LeaseHosts _hosts;
    private readonly CollectionWatch _recordWatch, _itemWatch;
    private readonly ITimer _timer;
    private long? _looksAt; // when the timer is set for
    private bool _stopped, _warned;

    /// <param name="writer">The service.</param>
    /// <param name="storage">Its storage.</param>
    /// <param name="collections">Its collections.</param>
    /// <param name="lanes">The requests of its clients.</param>
    /// <param name="feed">The commits of other hosts.</param>
    /// <param name="random">The source of the tokens, and of the names of this host and of connections.</param>
    /// <param name="time">The time.</param>
    public Leases(
        ServiceWriter writer,
        ServiceStorage storage,
        CollectionCache collections,
        Lanes lanes,
        Feed feed,
        RandomNumberGenerator random,
        TimeProvider time)
    {
        (_writer, _storage, _collections, _time) = (writer, storage, collections, time);
        _book = new(NewName(random), time, () => storage.HasFeed);
        _hosts = new(_book, Commit, () => storage.HasFeed, () => feed.IsCurrent && Records.State == CollectionState.Loaded, time);
        _grants = new(_book, () => Records, Commit, _hosts.NextBeat, lanes.Resume, random, time);
        _ends = new(_book, Commit, collections.Counts.AddEnded, Plan, time);
        _recordWatch = new((_, update) => Heed(() => _book.Apply(update)), records => Heed(() => _book.Load(records)), Keeps: true);
        _itemWatch = new(_book.Apply, _ => { }, Keeps: false);
        _timer = time.CreateTimer(_ => writer.Post(new Step(Look)), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The number of items with a lifetime, of all hosts. Any thread.</summary>
    public int Count => _book.Count;

    private Collection Records => _collections.Find(OwnCollection.Key, new Lane(_writer));

    /// <summary>A name that no other host and no other connection has.</summary>
    public static string NewName(RandomNumberGenerator random)
    {
        Span<byte> name = stackalloc byte[16];
        random.GetBytes(name);
        return Convert.ToHexStringLower(name);
    }

    /// <summary>What the lifetimes have to know of a collection that comes into memory; null if nothing.</summary>
    public CollectionWatch? WatchOf(CollectionKey key) => key == OwnCollection.Key ? _recordWatch : _book.Has(key) ? _itemWatch : null;

    /// <summary>The storage is open: reads the records, which an earlier start or other hosts may have left.</summary>
    public void Open() => _ = Records;

    /// <summary>Gives an update its lifetime; false if it has to wait.</summary>
    public bool TryGrant(PendingUpdate update)
    {
        var granted = _grants.TryGrant(update);
        if (_collections.TryFind(update.Key) is { Watch: null } collection) collection.Watch = WatchOf(update.Key);
        return granted;
    }

    /// <summary>An update with a lifetime was stored; false if its answer has to wait for records.</summary>
    public bool TryAccept(PendingUpdate update)
    {
        var accepted = _grants.TryAccept(update);
        Plan();
        return accepted;
    }

    /// <summary>A connection has ended.</summary>
    public void Leave(Lane lane)
    {
        lane.Left = true;
        var now = _time.GetTimestamp();
        foreach (var holder in lane.Holders)
        {
            holder.Release(lane, now);
            if (!holder.IsHeld) _book.Due.Set(holder, holder.EndsAt(_time.TimestampFrequency));
        }
        Plan();
    }

    /// <summary>The service ends.</summary>
    public void Stop()
    {
        _hosts.Leave();
        _stopped = true;
    }

    public void Dispose() => _timer.Dispose();

    private void Heed(Action change)
    {
        change();
        if (_book.LostWhiteSpace && !_warned) WriterLog.WhiteSpaceLost(_storage.Logger, _storage.ServiceName);
        _warned = _book.LostWhiteSpace;
        Plan();
    }

    private void Look()
    {
        _looksAt = null;
        if (_stopped) return;
        _hosts.Look();
        if (!MoreIsDue()) _ends.Look();
        Plan();
    }

    private bool MoreIsDue()
    {
        var now = _time.GetTimestamp();
        return _book.Due.Next is { } due && now - due < Ticks(LongestTogether)
            && _book.Due.HasBetween(now - Ticks(Pause), now + Ticks(Pause));
    }

    /// <summary>Sets the timer for what is due next, if it is not set for an earlier time.</summary>
    private void Plan()
    {
        if (_stopped) return;
        var now = _time.GetTimestamp();
        var next = _ends.Busy ? null : _book.Due.Next;
        if (next is { } due) next = Math.Max(due, now) + Ticks(Together);
        if (_hosts.Next(now) is { } look) next = Math.Min(next ?? long.MaxValue, look);
        if (next is not { } at || _looksAt <= at) return;
        _looksAt = at;
        var wait = _time.GetElapsedTime(now, at);
        _timer.Change(wait < LongestWait ? wait : LongestWait, Timeout.InfiniteTimeSpan);
    }

    private void Commit(ItemUpdate update, Decision? decision, Action<Error?> done, long? receivedAt)
    {
        var bytes = update.Insert.Sum(item => (long)item.Json.Length);
        _writer.Enter(new HostUpdate(new Lane(_writer), update, bytes, decision, done) { ReceivedAt = receivedAt ?? _time.GetTimestamp() });
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}

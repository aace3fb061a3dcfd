using SharedState.Host.Json;
using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// Ends lifetimes, in rounds. A round takes all that is due, in three steps: it marks the records as ended, so that nobody can renew them;
/// it removes the items, with one update for each collection; and it removes the records. Each step is stored before the next one begins,
/// so another host can finish a round whose host died. Touched by the service's turns only.
/// </summary>
/// <remarks>
/// An item is removed only if it has the token of the lease. An item that was written again has another one, or none.
/// </remarks>
/// <param name="book">The records.</param>
/// <param name="commit">Stores an update.</param>
/// <param name="removed">Is told how many items were removed.</param>
/// <param name="again">There may be more to do.</param>
/// <param name="time">The time.</param>
internal sealed class LeaseEnds(LeaseBook book, RecordCommit commit, Action<int> removed, Action again, TimeProvider time)
{
    // A storage that is away is tried again after this time.
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(1);

    // An update that names a holder is on its way: the holder is looked at again.
    private static readonly TimeSpan NamedTime = TimeSpan.FromMilliseconds(100);

    private readonly List<Lease> _leases = [];       // due, of items that end at a time
    private readonly List<HolderLife> _lives = [];   // due, and ended before
    private readonly List<Holder> _holders = [];     // due
    private readonly List<Lease> _endingLeases = [];     // of those, the ones that have ended
    private readonly List<HolderLife> _endingLives = [];

    /// <summary>Whether the first step of a round is under way. A collection that cannot be served must not delay the next round.</summary>
    public bool Busy { get; private set; }

    /// <summary>Begins a round, unless another one is at its first step, or nothing is due.</summary>
    public void Look()
    {
        if (Busy) return;
        Take(time.GetTimestamp());
        if (_leases.Count + _lives.Count + _holders.Count == 0) return;
        Busy = true;
        if (_holders.Count == 0 && _leases.TrueForAll(lease => lease.Obsolete || lease.Record.Ended))
        {
            End(_ => null); // there is nothing to mark
            Ended(null);
            return;
        }
        commit(new() { Key = OwnCollection.Key }, End, Ended);
    }

    private void Take(long now)
    {
        _leases.Clear();
        _lives.Clear();
        _holders.Clear();
        foreach (var entry in book.Due.Take(now))
        {
            switch (entry)
            {
                case Lease { Obsolete: true } lease:
                    if (IsNamed(lease)) book.Due.Set(lease, now + Ticks(RetryTime));
                    else _leases.Add(lease);
                    break;
                case Lease lease when book.DueOf(lease) is { } at: // not one of a holder that was written again meanwhile
                    if (at > now) book.Due.Set(lease, at);
                    else _leases.Add(lease);
                    break;
                case HolderLife life:
                    _lives.Add(life);
                    break;
                case Holder { IsHeld: false } holder:
                    if (holder.IsNamed) book.Due.Set(holder, now + Ticks(NamedTime));
                    else if (holder.EndsAt(time.TimestampFrequency) is var ends && ends > now) book.Due.Set(holder, ends);
                    else if (holder.Lives.Exists(IsMine)) _holders.Add(holder);
                    else book.Forget(holder);
                    break;
            }
        }
    }

    /// <summary>Whether an update of the lease's holder is on its way, which may write the item again.</summary>
    private bool IsNamed(Lease lease) => book.LifeOf(lease.Token)?.Holder.IsNamed == true;

    private bool IsMine(HolderLife life) => life.Record.Host == book.Host && !life.Record.Ended;

    // ---- step 1

    /// <summary>Marks what is due as ended, as far as the records are still what this host knows of them.</summary>
    private ItemUpdate End(Func<string, ReadOnlyMemory<byte>?> find)
    {
        _endingLeases.Clear();
        _endingLives.Clear();
        _endingLives.AddRange(_lives);
        var changed = new List<Item>();
        foreach (var lease in _leases)
        {
            if (lease.Place is not null) continue; // was renewed since the round began
            if (lease.Obsolete || lease.Record.Ended)
            {
                _endingLeases.Add(lease);
            }
            else if (lease.IsStored(find))
            {
                _endingLeases.Add(lease);
                changed.Add((lease.Record with { Ended = true }).ToItem());
            }
        }
        foreach (var holder in _holders.Where(holder => !holder.IsHeld && !holder.IsNamed && holder.Place is null))
        {
            // A holder with connections at another host lives there.
            var other = holder.Lives.Find(life => life.Record.Host != book.Host && !life.Record.Ended)?.Record.Host;
            foreach (var life in holder.Lives.Where(IsMine))
            {
                life.Ending = false;
                if (!life.IsStored(find)) continue;
                life.Ending = true;
                if (other is null) _endingLives.Add(life);
                changed.Add((other is null ? life.Record with { Ended = true } : life.Record with { Host = other }).ToItem());
            }
        }
        return new() { Key = OwnCollection.Key, Insert = changed };
    }

    private void Ended(Error? error)
    {
        var later = time.GetTimestamp() + Ticks(RetryTime);
        // A client may have named it meanwhile.
        foreach (var holder in _holders.Where(holder => holder.Place is null)) book.Due.Set(holder, later);
        try
        {
            if (error is null) RemoveItems([.. _endingLeases], [.. _endingLives]);
            else TryAgain(_leases, _lives);
        }
        finally
        {
            Busy = false; // a failure must not end the rounds
            again();
        }
    }

    // ---- step 2

    private void RemoveItems(Lease[] ended, HolderLife[] lives)
    {
        var removals = new Dictionary<CollectionKey, List<Lease>>();
        foreach (var lease in ended.Where(lease => !lease.Obsolete).Concat(lives.SelectMany(life => book.Of(life.Token))))
        {
            if (!removals.TryGetValue(lease.Key, out var leases)) removals.Add(lease.Key, leases = []);
            leases.Add(lease);
        }
        var left = removals.Count;
        var failed = new HashSet<CollectionKey>();
        foreach (var (key, leases) in removals)
        {
            var count = 0;
            commit(new() { Key = key }, find => Remove(key, leases, find, out count), error =>
            {
                if (error is null) removed(count);
                else failed.Add(key);
                if (--left == 0) RemoveRecords(ended, lives, failed);
            });
        }
        if (removals.Count == 0) RemoveRecords(ended, lives, failed);
    }

    private static ItemUpdate Remove(
        CollectionKey key, List<Lease> leases, Func<string, ReadOnlyMemory<byte>?> find, out int count)
    {
        var remove = new HashSet<string>(StringComparer.Ordinal);
        foreach (var lease in leases)
        {
            if (find(lease.Item) is { } json && WhiteSpaceMark.Read(json.Span) == lease.Token) remove.Add(lease.Item);
        }
        count = remove.Count;
        return new() { Key = key, Remove = [.. remove] };
    }

    // ---- step 3

    /// <summary>Removes the records whose items are gone. The others are tried again later.</summary>
    private void RemoveRecords(Lease[] ended, HolderLife[] lives, HashSet<CollectionKey> failed)
    {
        var gone = new List<Lease>();
        foreach (var lease in ended)
        {
            if (lease.Record.Ttl == 0 && !lease.Obsolete) continue; // its holder has written the item again meanwhile
            if (lease.Obsolete ? IsNamed(lease) : failed.Contains(lease.Key)) TryAgain([lease], []);
            else gone.Add(lease);
        }
        var goneLives = lives.Where(life => !book.Of(life.Token).Any(lease => failed.Contains(lease.Key))).ToList();
        TryAgain([], lives.Except(goneLives));
        gone.AddRange(goneLives.SelectMany(life => book.Of(life.Token)));
        var records = gone.Select(lease => lease.Record.Id).Concat(goneLives.Select(life => life.Record.Id)).Distinct().ToList();
        if (records.Count == 0)
        {
            again(); // nothing else comes that would set the timer for the next attempt
            return;
        }
        foreach (var lease in gone) lease.Leaving = true;
        commit(new() { Key = OwnCollection.Key, Remove = records }, null, error =>
        {
            if (error is null) return;
            foreach (var lease in gone) lease.Leaving = false;
            TryAgain(gone, goneLives);
            again();
        });
    }

    /// <summary>What is not done, for example because storage is away, is due again later.</summary>
    private void TryAgain(IEnumerable<Lease> leases, IEnumerable<HolderLife> lives)
    {
        var later = time.GetTimestamp() + Ticks(RetryTime);
        foreach (var lease in leases.Where(lease => lease.Place is null)) book.Due.Set(lease, later);
        foreach (var life in lives)
        {
            life.Ending = false;
            if (life.Place is null) book.Due.Set(life, later);
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}

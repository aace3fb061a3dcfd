using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// The heartbeats of the hosts that have holders, and what becomes of the holders of a host that is gone: this host takes them over, and
/// their grace begins anew. A storage without a feed has one host, so whatever another name has belongs to an earlier start of this one.
/// Touched by the service's turns only.
/// </summary>
/// <param name="book">The records.</param>
/// <param name="commit">Stores an update of records.</param>
/// <param name="isShared">Whether other hosts may use the storage.</param>
/// <param name="isCurrent">Whether this host hears the other hosts.</param>
/// <param name="time">The time.</param>
internal sealed class LeaseHosts(LeaseBook book, RecordCommit commit, Func<bool> isShared, Func<bool> isCurrent, TimeProvider time)
{
    /// <summary>How often the hosts are looked at, while there are holders.</summary>
    private static readonly TimeSpan LookTime = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan BeatTime = TimeSpan.FromSeconds(15), DeadTime = TimeSpan.FromSeconds(40);

    private long? _beatAt; // the last heartbeat that was made
    private long _beats;
    private bool _beating, _taking;
    private long? _next;

    /// <summary>When the hosts have to be looked at, by the monotonic clock; null without holders.</summary>
    public long? Next(long now)
    {
        if (book.ToStore.Count + book.ToShorten.Count == 0 && book.OtherLives == 0 && !book.HasOtherBeats
            && (book.OwnLives == 0 || !isShared()))
        {
            return _next = null;
        }
        if (book.HostsChanged) _next = now;
        book.HostsChanged = false;
        return _next ??= now + (long)(LookTime.TotalSeconds * time.TimestampFrequency);
    }

    /// <summary>The heartbeat that must be stored with a new life; null if none is due.</summary>
    public LeaseRecord? NextBeat()
    {
        if (!isShared()) return null;
        var isStored = book.Beats.ContainsKey(book.Host); // an update with a heartbeat may be refused
        if (isStored && _beatAt is { } last && time.GetElapsedTime(last) < BeatTime) return null;
        _beatAt = time.GetTimestamp();
        return new() { Id = LeaseRecord.BeatId(book.Host), Beat = ++_beats };
    }

    /// <summary>Sends a heartbeat if one is due, and takes the holders of hosts that are gone.</summary>
    public void Look()
    {
        _next = null;
        if (isShared() && !isCurrent()) book.HearAll();
        Beat();
        TakeOver();
        StoreAgain();
        Shorten();
    }

    /// <summary>The service ends: its holders need not be waited for.</summary>
    public void Leave()
    {
        if (_beatAt is not null) commit(new() { Key = OwnCollection.Key, Remove = [LeaseRecord.BeatId(book.Host)] }, null, _ => { });
    }

    private void Beat()
    {
        if (_beating || book.OwnLives == 0) return;
        if (NextBeat() is not { } beat) return;
        _beating = true;
        commit(new() { Key = OwnCollection.Key, Insert = [beat.ToItem()] }, null, error =>
        {
            _beating = false;
            if (error is not null) _beatAt = null; // the next look tries again
        });
    }

    private void TakeOver()
    {
        if (_taking || !(book.Lives.Any(IsOrphan) || book.Beats.Any(beat => IsDead(beat.Key, beat.Value)))) return;
        _taking = true;
        commit(new() { Key = OwnCollection.Key }, Take, _ => _taking = false);
    }

    private ItemUpdate Take(Func<string, ReadOnlyMemory<byte>?> find)
    {
        var orphans = book.Lives.Where(IsOrphan).ToList();
        foreach (var life in orphans) life.IsBeingTaken = true;
        return new()
        {
            Key = OwnCollection.Key,
            Insert =
            [
                .. orphans
                    .Where(life => life.IsStored(find))
                    .Select(life => (life.Record with { Host = book.Host }).ToItem()),
            ],
            Remove = [.. book.Beats.Where(beat => IsDead(beat.Key, beat.Value)).Select(beat => LeaseRecord.BeatId(beat.Key))],
        };
    }

    private bool IsOrphan(HolderLife life) =>
        life.Record.Host != book.Host && !life.Record.Ended
        && (!isShared() || !book.Beats.TryGetValue(life.Record.Host!, out var heard) || IsDead(life.Record.Host!, heard));

    /// <summary>Whether a host is gone, or has had no holders for as long, so that its heartbeat is of no use.</summary>
    private bool IsDead(string host, long heard) => host != book.Host && time.GetElapsedTime(heard) > DeadTime;

    /// <summary>Stores records again, for example if another host took this one for dead because it was suspended.</summary>
    private void StoreAgain()
    {
        if (book.ToStore.Count == 0) return;
        var records = book.ToStore.DistinctBy(record => record.Id).ToList();
        book.ToStore.Clear();
        // A lease may be there again, with another time.
        commit(new() { Key = OwnCollection.Key }, find => new()
        {
            Key = OwnCollection.Key,
            Insert = [.. records.Where(record => record.Holder is not null || find(record.Id) is null).Select(record => record.ToItem())],
        }, error =>
        {
            if (error is not null) book.ToStore.AddRange(records); // the next look tries again
        });
    }

    /// <summary>Corrects records that say too late a time, as far as they are still what this host knows of them.</summary>
    private void Shorten()
    {
        if (book.ToShorten.Count == 0) return;
        var leases = book.ToShorten.ToList();
        book.ToShorten.Clear();
        commit(new() { Key = OwnCollection.Key }, find => new()
        {
            Key = OwnCollection.Key,
            Insert = [.. leases.Where(lease => !lease.IsBeingGiven && !lease.Record.Ended && lease.IsStored(find)).Select(Shortened)],
        }, _ => { });
    }

    private Item Shortened(Lease lease)
    {
        var left = Math.Max(book.Left(lease).TotalSeconds, 0.1);
        return (lease.Record with { Ttl = left, Due = LeaseBook.Clock(time) + left, Open = false }).ToItem();
    }
}

using SharedState.Host.Json;

namespace SharedState.Host.Collections;

/// <summary>
/// All leases, lives and hosts that the collection of records names, and when each is due. Follows that collection, so that it knows the
/// records of all hosts. Touched by the service's turns only.
/// </summary>
/// <param name="host">The name of this host.</param>
/// <param name="time">The time.</param>
/// <param name="isShared">Whether other hosts may use the storage.</param>
internal sealed class LeaseBook(string host, TimeProvider time, Func<bool> isShared)
{
    // The host that gave a lease removes the item; others do this much later, if it does not.
    private static readonly TimeSpan BackupTime = TimeSpan.FromSeconds(0.6);

    // The lifetime begins when the item is stored, a moment after the record. A host that knows only the record waits for so much longer.
    private static readonly TimeSpan StoringTime = TimeSpan.FromSeconds(0.5);

    // Before a host finishes what another one has begun.
    private static readonly TimeSpan FinishTime = TimeSpan.FromSeconds(5);

    // Records of items that were written again are removed together.
    private static readonly TimeSpan ObsoleteTime = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Lease> _leases = new(StringComparer.Ordinal);      // by the id of the record
    private readonly Dictionary<string, HolderLife> _lives = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Holder> _holders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _beats = new(StringComparer.Ordinal);        // when each host was last heard
    private readonly Dictionary<CollectionKey, Dictionary<(string Item, ulong Token), Lease>> _byItem = [];
    private readonly Dictionary<ulong, HashSet<Lease>> _byToken = [];
    private readonly Dictionary<string, PendingUpdate> _givers = new(StringComparer.Ordinal); // of records that are being stored

    /// <summary>The name of this host.</summary>
    public string Host => host;

    /// <summary>The due entries, in order of time.</summary>
    public DueQueue Due { get; } = new();

    /// <summary>The holders' lives at this host that have not ended, and those at other hosts.</summary>
    public int OwnLives { get; private set; }

    public int OtherLives { get; private set; }

    /// <summary>Whether the hosts should be looked at, because one may be gone.</summary>
    public bool HostsChanged { get; set; }

    /// <summary>Records that have to be stored again, because another host removed them or took them over.</summary>
    public List<LeaseRecord> ToStore { get; } = [];

    /// <summary>Leases whose records say too late a time.</summary>
    public HashSet<Lease> ToShorten { get; } = [];

    /// <summary>Whether a record came back from storage without the white space behind it; then items lose their tokens, too.</summary>
    public bool LostWhiteSpace { get; private set; }

    /// <summary>The number of items that have a lease. Any thread.</summary>
    public int Count => _leases.Count;

    public IEnumerable<HolderLife> Lives => _lives.Values;

    /// <summary>The hosts that send heartbeats, and when each was last heard.</summary>
    public IReadOnlyDictionary<string, long> Beats => _beats;

    /// <summary>Whether another host sent heartbeats.</summary>
    public bool HasOtherBeats => _beats.Count > (_beats.ContainsKey(host) ? 1 : 0);

    /// <summary>Whether a collection has items with a lease.</summary>
    public bool Has(CollectionKey key) => _byItem.ContainsKey(key);

    /// <summary>The lease of an item with a token, or null.</summary>
    public Lease? Find(CollectionKey key, string item, ulong token) =>
        _byItem.TryGetValue(key, out var leases) ? leases.GetValueOrDefault((item, token)) : null;

    /// <summary>The leases with a token.</summary>
    public IReadOnlyCollection<Lease> Of(ulong token) => _byToken.TryGetValue(token, out var leases) ? leases : [];

    /// <summary>The life with a token, or null.</summary>
    public HolderLife? LifeOf(ulong token) => _lives.GetValueOrDefault(LeaseRecord.LifeId(token));

    /// <summary>A holder, which may be new.</summary>
    public Holder HolderOf(string name)
    {
        if (!_holders.TryGetValue(name, out var holder)) _holders.Add(name, holder = new(name));
        return holder;
    }

    /// <summary>Whether a lease is this host's to end.</summary>
    public bool IsOwn(Lease lease) => (LifeOf(lease.Token)?.Record.Host ?? lease.Record.Host) == host;

    /// <summary>Forgets a holder of which nothing is left.</summary>
    public void Forget(Holder holder)
    {
        if (!holder.Empty) return;
        Due.Remove(holder);
        _holders.Remove(holder.Id);
    }

    /// <summary>An update that gives a record is on its way.</summary>
    public void Expect(string record, PendingUpdate giver) => _givers[record] = giver;

    /// <summary>The record was not stored.</summary>
    public void Disregard(string record) => _givers.Remove(record);

    /// <summary>All hosts count as heard now: this host heard nothing itself for a while.</summary>
    public void HearAll()
    {
        foreach (var name in _beats.Keys) _beats[name] = time.GetTimestamp();
    }

    /// <summary>The collection of records was read.</summary>
    public void Load(Collection records)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in records.Items)
        {
            found.Add(item.Id);
            Put(item, live: false);
        }
        foreach (var id in _leases.Keys.Concat(_lives.Keys).Where(id => !found.Contains(id)).ToArray()) Drop(id);
        foreach (var name in _beats.Keys.Where(name => !found.Contains(LeaseRecord.BeatId(name))).ToArray()) _beats.Remove(name);
        HostsChanged = true;
    }

    /// <summary>An update of the collection of records is applied.</summary>
    public void Apply(ItemUpdate update)
    {
        foreach (var id in update.Remove) Drop(id);
        foreach (var item in update.Insert) Put(item, live: true);
    }

    /// <summary>An update of a collection with leases is applied: records of items that it removes or replaces become obsolete.</summary>
    public void Apply(Collection collection, ItemUpdate update)
    {
        if (!_byItem.TryGetValue(collection.Key, out var leases)) return;
        if (update.Reset)
        {
            foreach (var lease in leases.Values.Where(lease => !lease.IsBeingGiven)) Retire(lease);
        }
        foreach (var id in update.Remove) Replace(id, null);
        foreach (var item in update.Insert) Replace(item.Id, WhiteSpaceMark.Read(item.Json.Span));

        void Replace(string id, ulong? token)
        {
            var before = collection.Find(id) is { } json ? WhiteSpaceMark.Read(json.Span) : null;
            if (before is { } old && old != token && leases.TryGetValue((id, old), out var replaced)) Retire(replaced);
            if (token is { } now && leases.TryGetValue((id, now), out var written)) written.Obsolete = false;
        }
    }

    /// <summary>The time at which a lease is due; null if it is not.</summary>
    public long? DueOf(Lease lease)
    {
        var now = time.GetTimestamp();
        if (lease.TryTakeAnswers(now, time.TimestampFrequency) && !lease.IsBeingGiven && !lease.Record.Ended
            && (lease.Record.Open || lease.Record.Due - Clock(time) - Left(lease).TotalSeconds > StoringTime.TotalSeconds))
        {
            ToShorten.Add(lease);
            HostsChanged = true;
        }
        if (!lease.IsBeingGiven) return lease.DueAt;
        return now + Math.Min(Ticks(ObsoleteTime), Ticks(lease.Givers.Min(giver => giver.Lifetime!.Ttl!.Value))); // to be looked at again
    }

    /// <summary>The time until a lease is due, as this host knows it.</summary>
    public TimeSpan Left(Lease lease)
    {
        var recorded = TimeSpan.FromSeconds(lease.Record.Ttl);
        if (lease.DueAt is not { } due) return recorded;
        var left = time.GetElapsedTime(time.GetTimestamp(), due);
        return lease.IsBeingGiven && recorded > left ? recorded : left;
    }

    /// <summary>Whether the record of a lease says too early a time, if the lifetime begins now.</summary>
    public bool IsEarly(Lease lease, TimeSpan ttl) =>
        Clock(time) + ttl.TotalSeconds - lease.Record.Due >= 0.8 * StoringTime.TotalSeconds;

    private void Put(in Item item, bool live)
    {
        if (LeaseRecord.Read(item.Json.Span) is not { } record || record.Id != item.Id) return;
        LostWhiteSpace |= !LeaseRecord.IsWhole(item.Json.Span);
        if (record.IsBeat) _beats[item.Id[1..]] = time.GetTimestamp();
        else if (record.Holder is not null) PutLife(record, item.Json);
        else PutLease(record, item.Json, live);
    }

    private void PutLife(LeaseRecord record, ReadOnlyMemory<byte> json)
    {
        if (_lives.TryGetValue(record.Id, out var life) && life.Json.Span.SequenceEqual(json.Span)) return;
        var before = life?.Record.Host;
        if (life is null)
        {
            var holder = HolderOf(record.Holder!);
            _lives.Add(record.Id, life = new(record, json, holder) { TakenOver = record.Host != host });
            holder.Lives.Add(life);
        }
        else
        {
            CountLife(life.Record, -1);
        }
        (life.Record, life.Json, life.Ending) = (record, json, false);
        // The grace that was named last counts. A life that only moves to another host was not named.
        if (record.Host != host && !record.Ended && !record.Unnamed && (before is null || before == record.Host))
            life.Holder.Grace = TimeSpan.FromSeconds(record.Grace);
        CountLife(record, 1);
        var now = time.GetTimestamp();
        if (record.Ended)
        {
            Due.Set(life, now + Ticks(FinishTime));
        }
        else if (record.Host == host)
        {
            // A host that hands its life over has waited for the grace.
            if (life.IsBeingTaken && !life.Holder.IsHeld) life.Holder.BeginGrace(now);
            life.IsBeingTaken = false;
            Due.Set(life.Holder, now);
        }
        else if (before == host && (life.Holder.IsHeld || life.Holder.IsNamed))
        {
            ToStore.Add(record with { Host = host });
        }
    }

    private void PutLease(LeaseRecord record, ReadOnlyMemory<byte> json, bool live)
    {
        if (_leases.TryGetValue(record.Id, out var lease) && lease.Json.Span.SequenceEqual(json.Span)) return;
        if (lease is null)
        {
            _leases.Add(record.Id, lease = new(record, json));
            if (!_byItem.TryGetValue(lease.Key, out var leases)) _byItem.Add(lease.Key, leases = []);
            leases[(lease.Item, lease.Token)] = lease;
            if (!_byToken.TryGetValue(lease.Token, out var all)) _byToken.Add(lease.Token, all = []);
            all.Add(lease);
        }
        var isOwn = record.Host == host && !lease.Record.Ended; // then this host knows the time better than the record
        (lease.Record, lease.Json) = (record, json);
        if (record.Ttl == 0) return;
        var now = time.GetTimestamp();
        lease.TryTakeAnswers(now, time.TimestampFrequency); // they are older than the record
        if (_givers.Remove(record.Id, out var giver)) lease.Give(giver);
        if (record.Ended) lease.DueAt = now + Ticks(FinishTime);
        else if (!isOwn || lease.DueAt is null) lease.DueAt = now + Ticks(Left(record, live));
        Due.Set(lease, DueOf(lease)!.Value);
    }

    /// <summary>The time until an item is due. The clocks of hosts differ, so a lease that is given now counts from now.</summary>
    private TimeSpan Left(LeaseRecord record, bool live)
    {
        var left = live ? record.Ttl : Math.Clamp(record.Due + StoringTime.TotalSeconds - Clock(time), 0, record.Ttl);
        return TimeSpan.FromSeconds(left) + (isShared() && record.Host != host ? BackupTime : TimeSpan.Zero);
    }

    private void Drop(string id)
    {
        if (id.StartsWith('@'))
        {
            _beats.Remove(id[1..]);
            HostsChanged = true;
        }
        else if (_lives.Remove(id, out var life))
        {
            CountLife(life.Record, -1);
            life.Holder.Lives.Remove(life);
            Due.Remove(life);
            if (life.Record.Host == host && !life.Record.Ended && life.Holder.IsHeld) ToStore.Add(life.Record);
            Forget(life.Holder);
        }
        else if (_leases.Remove(id, out var lease))
        {
            Due.Remove(lease);
            var leases = _byItem[lease.Key];
            if (leases.GetValueOrDefault((lease.Item, lease.Token)) == lease) leases.Remove((lease.Item, lease.Token));
            if (leases.Count == 0) _byItem.Remove(lease.Key);
            if (_byToken[lease.Token] is var all && all.Remove(lease) && all.Count == 0) _byToken.Remove(lease.Token);
            if (lease.Leaving || !IsOwn(lease) || (!lease.Givers.Any() && LifeOf(lease.Token)?.Holder.IsHeld != true)) return;
            foreach (var giver in lease.Givers) Expect(id, giver);
            ToStore.Add(lease.Record with { Ended = false });
        }
    }

    private void CountLife(LeaseRecord life, int change)
    {
        if (life.Ended) return;
        if (life.Host == host) OwnLives += change;
        else OtherLives += change;
    }

    private void Retire(Lease lease)
    {
        if (lease.Obsolete || lease.Leaving || !IsOwn(lease)) return;
        lease.Obsolete = true;
        Due.Set(lease, time.GetTimestamp() + Ticks(ObsoleteTime));
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    /// <summary>The time of day, in seconds since 1970.</summary>
    public static double Clock(TimeProvider time) => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
}

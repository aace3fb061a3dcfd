namespace SharedState.Host.Collections;

/// <summary>The lease of one item, in memory.</summary>
/// <param name="record">What storage knows of it.</param>
/// <param name="json">The bytes of the record.</param>
internal sealed class Lease(LeaseRecord record, ReadOnlyMemory<byte> json) : DueEntry
{
    private List<PendingUpdate>? _givers; // the updates that give or renew the lifetime, until their answers are taken

    public LeaseRecord Record { get; set; } = record;

    public ReadOnlyMemory<byte> Json { get; set; } = json;

    public ulong Token { get; } = record.Token;

    public CollectionKey Key { get; } = record.Key;

    public string Item { get; } = record.Item!;

    /// <summary>When the host has to do something about it, by the monotonic clock; null for a lease that waits for its holder.</summary>
    public long? DueAt { get; set; }

    /// <summary>Whether an update that gives or renews the lifetime is on its way. The lifetime counts from its acceptance.</summary>
    public bool IsBeingGiven => _givers?.Exists(giver => !giver.Done) == true;

    /// <summary>Whether the item is gone, or was written again, so that the record is of no use.</summary>
    public bool Obsolete { get; set; }

    /// <summary>Whether the record is being removed.</summary>
    public bool Leaving { get; set; }

    /// <summary>The updates that give or renew the lifetime, as far as their answers were not taken.</summary>
    public IEnumerable<PendingUpdate> Givers => _givers ?? [];

    /// <summary>An update gives or renews the lifetime.</summary>
    public void Give(PendingUpdate giver)
    {
        _givers ??= [];
        if (!_givers.Contains(giver)) _givers.Add(giver);
    }

    /// <summary>Takes the answers to the updates that gave or renewed the lifetime; false if there is no new one.</summary>
    /// <param name="now">The time, by the monotonic clock.</param>
    /// <param name="frequency">The steps of that clock in a second.</param>
    public bool TryTakeAnswers(long now, long frequency)
    {
        if (_givers?.Exists(giver => giver.Done) != true) return false;
        foreach (var giver in _givers.Where(giver => giver.Done).OrderBy(giver => giver.AcceptedAt))
        {
            var ttl = (long)(giver.Lifetime!.Ttl!.Value.TotalSeconds * frequency);
            if (giver.AcceptedAt is { } accepted) DueAt = accepted + ttl;
            else if (giver.MayBeStored) DueAt = Math.Max(DueAt ?? now, now + ttl);
            else if (giver.Grant!.Token == Token) DueAt = now; // there is no such item; a refused renewal leaves the time as it is
        }
        _givers.RemoveAll(giver => giver.Done);
        if (_givers.Count == 0) _givers = null;
        return true;
    }

    /// <summary>Whether the stored record is the one that this host knows.</summary>
    public bool IsStored(Func<string, ReadOnlyMemory<byte>?> find) =>
        find(Record.Id) is { } stored && stored.Span.SequenceEqual(Json.Span);
}

/// <summary>
/// One life of a holder at one host: from the first request at that host that names the holder until the holder's end. A later life has
/// another token, so that the end of this one removes no item of a later one.
/// </summary>
/// <param name="record">What storage knows of it.</param>
/// <param name="json">The bytes of the record.</param>
/// <param name="holder">The holder.</param>
internal sealed class HolderLife(LeaseRecord record, ReadOnlyMemory<byte> json, Holder holder) : DueEntry
{
    public LeaseRecord Record { get; set; } = record;

    public ReadOnlyMemory<byte> Json { get; set; } = json;

    public ulong Token { get; } = record.Token;

    public Holder Holder => holder;

    /// <summary>
    /// Whether another host, or an earlier start of this one, began it. It gets no more items then: the numbers of its leases are that
    /// host's.
    /// </summary>
    public bool TakenOver { get; init; }

    /// <summary>Whether this host is taking it from a host that is gone.</summary>
    public bool IsBeingTaken { get; set; }

    /// <summary>Whether its end is being stored. No item is given to it any more.</summary>
    public bool Ending { get; set; }

    /// <summary>Whether the stored record is the one that this host knows.</summary>
    public bool IsStored(Func<string, ReadOnlyMemory<byte>?> find) =>
        find(Record.Id) is { } stored && stored.Span.SequenceEqual(Json.Span);
}

/// <summary>A holder of ephemeral items, as this host knows it.</summary>
/// <param name="name">Its name, which a client chose, or the host for a connection.</param>
internal sealed class Holder(string name) : DueEntry
{
    private readonly HashSet<Lane> _lanes = [];           // the open connections of this host that named it
    private readonly List<PendingUpdate> _naming = [];    // the updates that name it and are not answered
    private long _releasedAt;

    public string Id => name;

    /// <summary>Its lives, at all hosts.</summary>
    public List<HolderLife> Lives { get; } = [];

    /// <summary>The time for which it lives without a connection.</summary>
    public TimeSpan Grace { get; set; }

    /// <summary>The number of the next lease that it gets.</summary>
    public long NextNumber { get; set; }

    /// <summary>Whether nothing is left of it.</summary>
    public bool Empty => Lives.Count == 0 && _lanes.Count == 0 && !IsNamed;

    /// <summary>Whether an update that names it is on its way.</summary>
    public bool IsNamed => _naming.Exists(update => !update.Done);

    /// <summary>Whether an open connection of this host named it.</summary>
    public bool IsHeld => _lanes.Count > 0;

    /// <summary>When it ends unless a connection names it, by the monotonic clock.</summary>
    public long EndsAt(long frequency) => _releasedAt + (long)(Grace.TotalSeconds * frequency);

    /// <summary>An update names it.</summary>
    public void Name(PendingUpdate update)
    {
        _naming.RemoveAll(named => named.Done);
        _naming.Add(update);
    }

    /// <summary>An update that names it was accepted.</summary>
    public void Hold(Lane lane) => _lanes.Add(lane);

    /// <summary>A connection has ended.</summary>
    public void Release(Lane lane, long now)
    {
        if (_lanes.Remove(lane) && _lanes.Count == 0) _releasedAt = now;
    }

    /// <summary>Its time without a connection begins now.</summary>
    public void BeginGrace(long now) => _releasedAt = now;
}

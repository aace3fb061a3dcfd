using System.Security.Cryptography;
using SharedState.Host.Json;
using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// Gives updates their lifetimes: stores the records first, then marks the items and lets the update go on. So no item with a lifetime is
/// stored without a record. An update of a holder whose records are stored already waits for nothing. Touched by the service's turns only.
/// </summary>
/// <param name="book">The records.</param>
/// <param name="records">The collection of records.</param>
/// <param name="commit">Stores an update of records.</param>
/// <param name="heartbeat">The heartbeat that a new life needs, or null.</param>
/// <param name="resume">Runs the waiting requests of a lane.</param>
/// <param name="random">The source of the tokens and of the names of connections.</param>
/// <param name="time">The time.</param>
internal sealed class LeaseGrants(
    LeaseBook book,
    Func<Collection> records,
    RecordCommit commit,
    Func<LeaseRecord?> heartbeat,
    Action<Lane> resume,
    RandomNumberGenerator random,
    TimeProvider time)
{
    // A connection for each of many clients behind a gateway is what a holder is for.
    private const int MostHolders = 10_000;

    // Every request is answered within this time.
    private static readonly TimeSpan MostAnswerTime = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Gives an update its lifetime. False if the update has to wait; the lane is resumed then. <see cref="LeaseGrant.Refusal"/> says
    /// whether the lifetime could not be given.
    /// </summary>
    public bool TryGrant(PendingUpdate update)
    {
        if (update.Grant is { } known) return known.Stored || known.Refusal is not null;
        var collection = records();
        if (collection.State == CollectionState.Away)
        {
            update.Grant = new(0) { Refusal = collection.AwayBecause };
            return true;
        }
        if (collection.State != CollectionState.Loaded)
        {
            collection.WaitFor(update.Lane);
            return false;
        }
        if (update.Lifetime!.Ttl is null && update.Lane.Holders.Count >= MostHolders)
        {
            update.Grant = new(0) { Refusal = Error.Limit($"a connection names at most {MostHolders} holders") };
            return true;
        }
        var (grant, made, renewed) = update.Lifetime!.Ttl is { } ttl ? ForTime(update, ttl) : ForHolder(update);
        update.Grant = grant;
        update.Mark(grant.Token);
        if (made.Count == 0 && renewed.Count == 0) grant.Stored = true;
        else Store(update, grant, made, renewed);
        return grant.Stored || grant.Refusal is not null;
    }

    /// <summary>
    /// An update with a lifetime was stored. False if storing took so long that records say too early a time: then its answer waits until
    /// they are corrected, because a host that knows only the records must not end an acknowledged lifetime early.
    /// </summary>
    public bool TryAccept(PendingUpdate update)
    {
        update.AcceptedAt = time.GetTimestamp();
        if (update.Lifetime!.Ttl is { } ttl)
        {
            var early = GivenBy(update).Where(given => IsEarly(given, ttl)).ToList();
            if (early.Count > 0) Correct(update, ttl, early);
            return early.Count == 0;
        }
        var (lane, holder) = (update.Lane, book.HolderOf(NameOf(update)));
        holder.Grace = update.Lifetime.Grace;
        if (lane.Left)
        {
            holder.BeginGrace(time.GetTimestamp()); // its connection ended before
            book.Due.Set(holder, time.GetTimestamp());
            return true;
        }
        holder.Hold(lane);
        lane.Holders.Add(holder);
        // The update was taken for one that is refused.
        if (book.LifeOf(update.Grant!.Token) is { Ending: false, Record.Ended: false } life
            && life.Record.Host == book.Host && (life.Record.Unnamed || life.Record.Grace != holder.Grace.TotalSeconds))
        {
            book.ToStore.Add(Named(life.Token, holder, holder.Grace, life.Record));
            book.HostsChanged = true;
        }
        return true;
    }

    /// <summary>The items that have their lifetime by an update with a time, each with its lease and the id of its record. The lease is
    /// null if another host has ended it; then there is no record of a renewed one.</summary>
    private List<(string Item, Lease? Lease, string? Record)> GivenBy(PendingUpdate update)
    {
        var grant = update.Grant!;
        var given = new List<(string, Lease?, string?)>();
        var number = 0;
        foreach (var id in NamedBy(update)) Add(id, grant.Token, LeaseRecord.LeaseId(grant.Token, number++));
        foreach (var (id, token) in grant.Renewed) Add(id, token, null);
        return given;

        void Add(string id, ulong token, string? record)
        {
            if (Held(update, id) != token) return; // was written again
            var lease = book.Find(update.Key, id, token);
            given.Add((id, lease, lease?.Record.Id ?? record));
        }
    }

    private bool IsEarly((string Item, Lease? Lease, string? Record) given, TimeSpan ttl) =>
        given.Lease is null || given.Lease.Record.Ended || book.IsEarly(given.Lease, ttl);

    /// <summary>Stores the latest time at which the lifetimes of an update can end, since it is answered within a bound.</summary>
    private void Correct(PendingUpdate update, TimeSpan ttl, List<(string Item, Lease? Lease, string? Record)> early)
    {
        update.AcceptedAt = null;
        var lost = false; // another host ends one
        commit(new() { Key = OwnCollection.Key }, Corrected, error =>
        {
            foreach (var (_, _, record) in early) book.Disregard(record ?? "");
            var corrected = error is null && !lost;
            if (corrected) update.AcceptedAt = time.GetTimestamp();
            update.Confirm(corrected);
        }, update.ReceivedAt);

        ItemUpdate Corrected(Func<string, ReadOnlyMemory<byte>?> find)
        {
            var items = new List<Item>();
            foreach (var (item, _, record) in early)
            {
                // A new record that is not there was removed after its round looked for the item, which was stored later.
                lost |= record is null || (find(record) is { } stored && LeaseRecord.Read(stored.Span) is not { Ended: false });
                if (record is null) continue;
                book.Expect(record, update);
                items.Add(Timed(update.Key, item, ttl + MostAnswerTime, record).ToItem());
            }
            return new() { Key = OwnCollection.Key, Insert = lost ? [] : items };
        }
    }

    private (LeaseGrant Grant, List<LeaseRecord> Made, List<Lease> Renewed) ForTime(PendingUpdate update, TimeSpan ttl)
    {
        var grant = new LeaseGrant(NewToken());
        List<LeaseRecord> made = [];
        foreach (var id in NamedBy(update)) made.Add(Timed(update.Key, id, ttl, LeaseRecord.LeaseId(grant.Token, made.Count)));
        List<Lease> renewed = [];
        foreach (var id in (update.Terms?.Edited ?? []).Distinct(StringComparer.Ordinal))
        {
            if (Held(update, id) is { } token && book.Find(update.Key, id, token) is { Record: { Ttl: > 0, Ended: false } } lease)
                renewed.Add(lease);
        }
        // A renewal takes effect before the update does. So an update that is refused, or whose condition fails, renews nothing.
        if (renewed.Count > 0 && !update.Collection!.WouldAccept(update)) renewed.Clear();
        return (grant, made, renewed);
    }

    private (LeaseGrant Grant, List<LeaseRecord> Made, List<Lease> Renewed) ForHolder(PendingUpdate update)
    {
        List<LeaseRecord> made = [];
        var holder = book.HolderOf(NameOf(update));
        holder.Name(update);
        if (holder.Lives.Count == 0) book.Due.Set(holder, time.GetTimestamp()); // to be forgotten if nothing comes of it
        var life = holder.Lives.Find(
            life => life.Record.Host == book.Host && !life.TakenOver && !life.Record.Ended && !life.Ending);
        var token = life?.Token ?? NewToken();
        if (life is null && heartbeat() is { } beat) made.Add(beat);
        // Other hosts go by the grace in the record that was stored last. An update that is refused must not change it.
        var grace = update.Lifetime!.Grace;
        var refused = (life is null || grace != holder.Grace) && update.NeedsState && !update.Collection!.WouldAccept(update);
        if (refused) grace = holder.Grace;
        if (life is null || life.Record.Grace != grace.TotalSeconds || grace != holder.Grace)
            made.Add(Named(token, holder, grace, life?.Record) with { Unnamed = refused && life is not { Record.Unnamed: false } });
        foreach (var id in NamedBy(update))
        {
            if (book.Find(update.Key, id, token) is { Leaving: false }) continue;
            made.Add(new()
            {
                Id = LeaseRecord.LeaseId(token, holder.NextNumber++),
                App = update.Key.App,
                Collection = update.Key.Collection,
                Item = id,
            });
        }
        return (new(token), made, []);
    }

    private void Store(PendingUpdate update, LeaseGrant grant, List<LeaseRecord> made, List<Lease> renewed)
    {
        foreach (var record in made) book.Expect(record.Id, update);
        var items = made.ConvertAll(record => record.ToItem());
        var changed = new ItemUpdate { Key = OwnCollection.Key, Insert = items };
        var waits = false; // a refusal may come at once
        commit(changed, renewed.Count == 0 ? null : find => Renew(update, grant, items, renewed, find), error =>
        {
            foreach (var item in items) book.Disregard(item.Id);
            foreach (var lease in renewed) book.Disregard(lease.Record.Id);
            (grant.Stored, grant.Refusal) = (error is null, error);
            if (waits) resume(update.Lane);
        });
        waits = true;
    }

    /// <summary>
    /// Renews the leases that are still what this host knows of them. Until the update is accepted, the later one of the old and the new
    /// time counts.
    /// </summary>
    private ItemUpdate Renew(
        PendingUpdate update, LeaseGrant grant, List<Item> made, List<Lease> renewed, Func<string, ReadOnlyMemory<byte>?> find)
    {
        grant.Renewed.Clear();
        var items = new List<Item>(made);
        foreach (var lease in renewed)
        {
            if (!lease.IsStored(find) || lease.Record.Ended) continue;
            if (lease.Record.Open && !book.IsOwn(lease)) continue; // the other host knows the time
            grant.Renewed.Add((lease.Item, lease.Token));
            book.Expect(lease.Record.Id, update);
            var (ttl, left) = (update.Lifetime!.Ttl!.Value, book.Left(lease));
            var record = Timed(lease.Key, lease.Item, ttl > left ? ttl : left, lease.Record.Id);
            items.Add((record with { Open = left > ttl }).ToItem());
        }
        return new() { Key = OwnCollection.Key, Insert = items };
    }

    private LeaseRecord Timed(CollectionKey key, string item, TimeSpan ttl, string record) => new()
    {
        Id = record,
        Host = book.Host,
        App = key.App,
        Collection = key.Collection,
        Item = item,
        Ttl = ttl.TotalSeconds,
        Due = LeaseBook.Clock(time) + ttl.TotalSeconds,
    };

    /// <summary>The record of a life at this host whose grace is named.</summary>
    private LeaseRecord Named(ulong token, Holder holder, TimeSpan grace, LeaseRecord? before) => new()
    {
        Id = LeaseRecord.LifeId(token),
        Holder = holder.Id,
        Host = book.Host,
        Grace = grace.TotalSeconds,
        Named = before is null ? 0 : before.Named + 1,
    };

    private string NameOf(PendingUpdate update) =>
        update.Lifetime!.Holder ?? (update.Lane.Holder ??= $"connection {Leases.NewName(random)}");

    private static IEnumerable<string> NamedBy(PendingUpdate update) =>
        update.Asked.Insert.Select(item => item.Id).Concat(update.Terms?.Edited ?? []).Distinct(StringComparer.Ordinal);

    private static ulong? Held(PendingUpdate update, string id) =>
        update.Collection!.Find(id) is { } json ? WhiteSpaceMark.Read(json.Span) : null;

    private ulong NewToken()
    {
        Span<byte> token = stackalloc byte[sizeof(ulong)];
        random.GetBytes(token);
        return BitConverter.ToUInt64(token);
    }
}

using System.Text.Json;
using SharedState.Host.Json;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>
/// The items with lifetimes that a storage holds, and when each may end and must have ended. Clients remove nothing, so each removal is the
/// end of a lifetime.
/// </summary>
/// <param name="time">The time.</param>
/// <param name="history">Gets each state of each collection.</param>
internal sealed class LifetimeFacts(TimeProvider time, ModelHistory history)
{
    // The removals wait for a storage that is away, and for a host that was killed.
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly Dictionary<(string Collection, string Id), LifetimeItem> _items = []; // what storage holds
    private readonly Dictionary<(string Collection, string Id), List<LifetimeClaim>> _renewals = [];
    private readonly Dictionary<string, HolderFacts> _holders = [];
    private readonly Dictionary<LifePeer, DateTimeOffset> _brokenAt = [];
    private readonly List<LifetimeClaim> _claims = [];
    private readonly HashSet<int> _stored = [];
    private readonly HashSet<(string Collection, DateTimeOffset At)> _ends = [];

    /// <summary>What must not happen, and did.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>Whether all that ends at one moment in one collection must end in one update: with one host, and without faults.</summary>
    public bool EndsTogether { get; init; }

    private DateTimeOffset Now => time.GetUtcNow();

    /// <summary>The items with a time, each with the moment from which on it may be removed.</summary>
    public IEnumerable<(string Collection, string Id, DateTimeOffset End)> Timed =>
        _items.Where(pair => pair.Value.Claim?.Kind == LifeKind.Ttl)
            .Select(pair => (pair.Key.Collection, pair.Key.Id, Ends(pair.Key, pair.Value.Claim!).Min(claim => claim.FirstEnd)));

    /// <summary>A client is about to write items.</summary>
    public LifetimeClaim Write(LifeKind kind, LifePeer peer, string holder, TimeSpan ttl)
    {
        var claim = new LifetimeClaim(_claims.Count, kind, peer, holder, ttl, Now) { InPipeline = peer.Unanswered > 0 };
        _claims.Add(claim);
        return claim;
    }

    /// <summary>A client is about to renew the time of an item; null if it has none. Others have a renewal that subscribers
    /// notice.</summary>
    public LifetimeClaim? Renew(string collection, string id, LifePeer peer, TimeSpan ttl)
    {
        if (!_items.TryGetValue((collection, id), out var item) || item.Claim?.Kind != LifeKind.Ttl) return null;
        var claim = Write(LifeKind.Ttl, peer, "", ttl);
        if (!_renewals.TryGetValue((collection, id), out var renewals)) _renewals.Add((collection, id), renewals = []);
        renewals.Add(claim);
        return claim;
    }

    /// <summary>A client is about to name a holder.</summary>
    public void Name(string holder, int grace)
    {
        var facts = _holders.GetValueOrDefault(holder) ?? (_holders[holder] = new());
        // Which grace was named last is not known: a connection may break before its reply comes.
        if (TimeSpan.FromSeconds(grace) < facts.LeastGrace) facts.LeastGrace = TimeSpan.FromSeconds(grace);
        if (TimeSpan.FromSeconds(grace) > facts.MostGrace) facts.MostGrace = TimeSpan.FromSeconds(grace);
    }

    /// <summary>An update was answered.</summary>
    public void Answer(LifetimeClaim claim, string code)
    {
        claim.Answer(code, Now);
        if (claim.Refused && _stored.Contains(claim.Number)) Failures.Add($"refused with {code}, but stored: {claim}");
    }

    /// <summary>An update that names a holder was accepted.</summary>
    public void Hold(string holder, LifePeer peer)
    {
        var facts = _holders[holder];
        NoteEnd(facts);
        facts.Peers.Add(peer);
    }

    /// <summary>A connection broke.</summary>
    public void Break(LifePeer peer) => _brokenAt.TryAdd(peer, Now);

    /// <summary>The only host has started again.</summary>
    public void Restart()
    {
        foreach (var facts in _holders.Values)
        {
            NoteEnd(facts);
            facts.RestartedAt = Now;
        }
    }

    /// <summary>The storage applied an update.</summary>
    public void Apply(ItemUpdate update, StoredCollection stored)
    {
        if (update.Key.App != "app") return;
        var collection = update.Key.Collection;
        history.Record("items", update.Key, stored);
        if (EndsTogether && update.Remove.Count > 0 && !_ends.Add((collection, Now)))
            Failures.Add($"two updates of {collection} end lifetimes at {Now:mm:ss.fff}");
        foreach (var id in update.Remove)
        {
            if (_items.Remove((collection, id), out var item) && !MayHaveEnded((collection, id), item))
                Failures.Add($"{collection}/{id} was removed before its end: {item.Claim}, now {Now:mm:ss.fff}");
        }
        foreach (var item in update.Insert) Insert((collection, item.Id), item);
    }

    /// <summary>The items that are there, although their lifetimes ended so long ago.</summary>
    public IEnumerable<string> Late(TimeSpan late) =>
        _items.Where(pair => MustHaveEnded(pair.Key, pair.Value, late))
            .Select(pair => $"{pair.Key} is there at {Now:mm:ss.fff}: {pair.Value.Claim}");

    /// <summary>The items that have a lifetime.</summary>
    public IEnumerable<string> Mortal =>
        _items.Where(pair => pair.Value.Claim is { Kind: not LifeKind.Permanent }).Select(pair => $"{pair}");

    private void Insert((string Collection, string Id) key, Item item)
    {
        using var json = JsonDocument.Parse(item.Json);
        if (!json.RootElement.TryGetProperty("w", out var number))
        {
            _items[key] = new(null, null); // made by a patch without a lifetime
            return;
        }
        var claim = _claims[number.GetInt32()];
        _stored.Add(claim.Number);
        if (claim.Refused) Failures.Add($"stored after it was refused: {claim}");
        var mark = WhiteSpaceMark.Read(item.Json.Span);
        if (_items.TryGetValue(key, out var before) && before.Claim?.Number == claim.Number)
        {
            // A renewal that met another item than it was made for gave it a time of its own; else it was patched.
            if (mark != before.Mark) _items[key] = new(new(claim.Number, LifeKind.Ttl, claim.Peer, "", default, Now), mark);
            return;
        }
        if ((mark is null) != (claim.Kind == LifeKind.Permanent)) Failures.Add($"{key} has a wrong mark: {claim}");
        _items[key] = new(claim, mark);
        // A renewal that is on its way may meet this write.
        if (_renewals.TryGetValue(key, out var renewals)) renewals.RemoveAll(renewal => renewal.AnsweredAt < Now);
    }

    /// <summary>The lifetimes of which one counts: the item's own, and those of its renewals that no later one has replaced.</summary>
    private IEnumerable<LifetimeClaim> Ends((string, string) key, LifetimeClaim own)
    {
        var claims = _renewals.GetValueOrDefault(key, []).Append(own).Where(claim => !claim.Refused).ToList();
        return claims.Where(claim => !claims.Exists(later => later.Accepted && !claim.InPipeline && claim.Precedes(later)));
    }

    private bool MayHaveEnded((string, string) key, LifetimeItem item)
    {
        if (item.Claim is not { } claim) return false;
        switch (claim.Kind)
        {
            case LifeKind.Ttl:
                return Now >= Ends(key, claim).Min(end => end.FirstEnd);
            case LifeKind.Connection:
                return _brokenAt.ContainsKey(claim.Peer);
            case LifeKind.Holder:
                var facts = _holders[claim.Holder];
                return facts.Peers.Count == 0 || claim.SentAt <= facts.LastEnd || IsOver(facts, facts.LeastGrace);
            default:
                return false;
        }
    }

    private bool MustHaveEnded((string, string) key, LifetimeItem item, TimeSpan late) => item.Claim is { } claim && claim.Kind switch
    {
        LifeKind.Ttl => Now >= Ends(key, claim).Max(end => end.LastEnd) + late,
        LifeKind.Connection => _brokenAt.TryGetValue(claim.Peer, out var at) && Now >= at + late,
        LifeKind.Holder => _holders[claim.Holder] is { Peers.Count: > 0 } facts && IsOver(facts, facts.MostGrace + late),
        _ => false,
    };

    /// <summary>What an earlier life of a holder leaves may go later, while the storage is away.</summary>
    private void NoteEnd(HolderFacts facts)
    {
        if (facts.Peers.Count > 0 && IsOver(facts, facts.LeastGrace)) facts.LastEnd = Now;
    }

    private bool IsOver(HolderFacts facts, TimeSpan grace)
    {
        if (facts.Peers.Exists(peer => !_brokenAt.ContainsKey(peer))) return false;
        var released = facts.Peers.Max(peer => _brokenAt[peer]);
        return Now >= (facts.RestartedAt > released ? facts.RestartedAt : released) + grace;
    }

    /// <summary>An item in storage.</summary>
    /// <param name="Claim">The update that wrote it; null if it has no lifetime because a patch without one made it.</param>
    /// <param name="Mark">Its token.</param>
    private sealed record LifetimeItem(LifetimeClaim? Claim, ulong? Mark);

    private sealed class HolderFacts
    {
        public List<LifePeer> Peers { get; } = [];

        public TimeSpan LeastGrace { get; set; } = TimeSpan.MaxValue;

        public TimeSpan MostGrace { get; set; }

        public DateTimeOffset LastEnd { get; set; }

        public DateTimeOffset RestartedAt { get; set; }
    }
}

using System.Text;
using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Json;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>
/// One seeded run of lifetimes on virtual time, with breaks, restarts, swaps and faults of the storage. Clients remove nothing, so each
/// removal is the end of a lifetime, and must be right: neither early nor of an item that was written again.
/// </summary>
internal sealed class LifetimeModel : IDisposable
{
    private static readonly string[] Paths = ["/app/items/a", "/app/items/b"];
    private static readonly string[] Names = ["holder-0123456789", "holder-9876543210"];
    private static readonly string[] CommitFaults = ["away", "lost before", "lost after", "bug"];
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(1), LongestTtl = TimeSpan.FromSeconds(12);

    private readonly Random _random;
    private readonly MemoryStorage _storage = new();
    private readonly ModelFaults _faults;
    private readonly ModelHost _host;
    private readonly LifePeer[] _peers = new LifePeer[3];
    private readonly Dictionary<(string Collection, string Id), Written> _items = []; // what storage holds
    private readonly Dictionary<(string Collection, string Id), List<(DateTimeOffset At, DateTimeOffset End)>> _renewed = [];
    private readonly Dictionary<string, HolderFacts> _holders = [];
    private readonly Dictionary<LifePeer, DateTimeOffset> _brokenAt = [];
    private readonly List<Written> _writes = [];
    private readonly List<string> _failures = [];

    public LifetimeModel(int seed)
    {
        _random = new(seed);
        _faults = new(_storage);
        _host = new(new() { ["items"] = _storage, ["other"] = new() });
        _storage.Applied = (update, _) => Apply(update);
        for (var index = 0; index < _peers.Length; index++) _peers[index] = new(_host);
    }

    private DateTimeOffset Now => _host.Time.GetUtcNow();

    /// <summary>Random steps, then rest: what should have ended has ended, the rest is there, and no record is left over.</summary>
    public void Play(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Step(_random.Next(_peers.Length));
            foreach (var peer in _peers) peer.Read();
        }
        _faults.Heal();
        foreach (var peer in _peers) peer.Read();
        _host.Advance(TimeSpan.FromSeconds(40)); // longer than any retry, and any time
        foreach (var peer in _peers) peer.Read();
        Assert.True(_failures.Count == 0, _failures.FirstOrDefault());
        foreach (var ((collection, id), written) in _items)
        {
            var ended = HasEnded((collection, id), written, late: Most);
            Assert.False(ended, $"{collection}/{id} is there, though its lifetime is over: {written}");
        }
        foreach (var peer in _peers) Break(peer);
        _host.Advance(TimeSpan.FromSeconds(30));
        Assert.Empty(_failures);
        Assert.All(_items.Values, written => Assert.Equal(Kind.Permanent, written.Kind));
        Assert.Empty(_storage.Read(Leases.Key).Items.Select(item => Encoding.UTF8.GetString(item.Json.Span)));
    }

    public void Dispose()
    {
        _faults.Heal();
        _host.Dispose();
    }

    private void Step(int index)
    {
        var peer = _peers[index];
        switch (_random.Next(100))
        {
            case < 40: Write(peer); break;
            case < 50: Renew(peer); break;
            case < 56: Name(peer); break;
            case < 62: Patch(peer); break;
            case < 70: Break(peer); _peers[index] = new(_host); break;
            case < 90: _host.Advance(TimeSpan.FromMilliseconds(_random.Next(1, 3_000))); break;
            case < 93: _faults.FailCommit(CommitFaults[_random.Next(CommitFaults.Length)]); break;
            case < 94: _faults.FailLoads(_random.Next(1, 3)); break;
            case < 96: if (_faults.Holding) _faults.LetGo(); else _faults.Holding = true; break;
            case < 98: _faults.OpenWell(); _host.TryReplace(0); break;
            default: Restart(); break;
        }
    }

    private void Write(LifePeer peer)
    {
        var path = RandomPath();
        var kind = (Kind)_random.Next(4);
        var holder = Names[_random.Next(Names.Length)];
        var (ttl, grace) = (_random.Next(1, 12), _random.Next(0, 8));
        var written = new Written(_writes.Count, kind, peer, holder, TimeSpan.FromSeconds(ttl), Now);
        _writes.Add(written);
        var lifetime = kind switch
        {
            Kind.Ttl => $",\"ttl\":{ttl}",
            Kind.Connection => ",\"ephemeral\":true",
            Kind.Holder => $$$""","ephemeral":{"holder":"{{{holder}}}","grace":{{{grace}}}}""",
            _ => "",
        };
        var ids = Enumerable.Range(0, _random.Next(1, 3)).Select(_ => $"k{_random.Next(5)}").Distinct();
        var items = string.Join(',', ids.Select(id => $$"""{"id":"{{id}}","w":{{written.Number}}}"""));
        // A patch that does not name w would leave the lifetime of another write, so it always does.
        var field = kind != Kind.Permanent && _random.Next(3) == 0 ? "patch" : "insert";
        Ask(peer, path, $$"""{"{{field}}":[{{items}}]{{lifetime}}}""", kind == Kind.Holder ? holder : null, grace);
    }

    private void Renew(LifePeer peer)
    {
        var (path, id, ttl) = (RandomPath(), $"k{_random.Next(5)}", _random.Next(1, 12));
        var key = (path[^1..], id);
        // Only an item with a time has a renewal that nobody notices; which one it meets is known when it was stored.
        if (!_items.TryGetValue(key, out var written) || written.Kind != Kind.Ttl) return;
        if (!_renewed.TryGetValue(key, out var renewals)) _renewed.Add(key, renewals = []);
        renewals.Add((Now, Now + TimeSpan.FromSeconds(ttl)));
        Ask(peer, path, $$$"""{"patch":[{"id":"{{{id}}}"}],"ttl":{{{ttl}}},"if":{"present":["{{{id}}}"]}}""");
    }

    private void Patch(LifePeer peer) => Ask(
        peer, RandomPath(), $$$"""{"patch":[{"id":"k{{{_random.Next(5)}}}","p":{{{_random.Next(9)}}}}],"if":{"present":["k0"]}}""");

    private void Name(LifePeer peer)
    {
        var (holder, grace) = (Names[_random.Next(Names.Length)], _random.Next(0, 8));
        Ask(peer, RandomPath(), $$$"""{"ephemeral":{"holder":"{{{holder}}}","grace":{{{grace}}}}}""", holder, grace);
    }

    private void Ask(LifePeer peer, string path, string update, string? holder = null, int grace = 0)
    {
        var facts = holder is null ? null : _holders.GetValueOrDefault(holder) ?? (_holders[holder] = new());
        // Which grace was named last is not known: a connection may break before its reply comes.
        if (facts is not null && TimeSpan.FromSeconds(grace) < facts.LeastGrace) facts.LeastGrace = TimeSpan.FromSeconds(grace);
        peer.Ask("PUT", path, update, reply =>
        {
            if (facts is null || !(bool)reply["ok"]!) return;
            // What an earlier life of the holder leaves may go later, while the storage is away.
            if (facts.Peers.Count > 0 && IsOver(facts, facts.LeastGrace)) facts.LastEnd = Now;
            facts.Peers.Add(peer);
        });
    }

    private void Break(LifePeer peer)
    {
        _brokenAt.TryAdd(peer, Now);
        if (!peer.Gone) peer.Break();
    }

    private void Restart()
    {
        _faults.Heal();
        foreach (var peer in _peers) Break(peer);
        _host.Restart();
        foreach (var facts in _holders.Values) facts.RestartedAt = Now;
        for (var index = 0; index < _peers.Length; index++) _peers[index] = new(_host);
    }

    private void Apply(ItemUpdate update)
    {
        if (update.Key.App != "app") return;
        foreach (var id in update.Remove)
        {
            var key = (update.Key.Collection, id);
            if (!_items.Remove(key, out var written)) continue;
            if (!HasEnded(key, written, late: TimeSpan.Zero))
                _failures.Add($"{key} was removed before its end: {written}, now {Now:mm:ss.fff}");
        }
        foreach (var item in update.Insert)
        {
            using var json = JsonDocument.Parse(item.Json);
            var key = (update.Key.Collection, item.Id);
            if (!json.RootElement.TryGetProperty("w", out var number))
            {
                _items[key] = new(-1, Kind.Permanent, _peers[0], "", default, Now); // made by a patch without a lifetime
                continue;
            }
            var written = _writes[number.GetInt32()];
            var mark = WhiteSpaceMark.Read(item.Json.Span);
            if (_items.TryGetValue(key, out var before) && before.Number == written.Number)
            {
                // A renewal that met another item than it was made for gave it a time of its own; else it was patched.
                if (mark != before.Mark) _items[key] = before with { Kind = Kind.Ttl, Ttl = TimeSpan.Zero, At = Now, Mark = mark };
                continue;
            }
            if ((mark is null) != (written.Kind == Kind.Permanent)) _failures.Add($"{key}: {written} has a wrong mark");
            _items[key] = written with { Mark = mark };
            // A renewal that is on its way may meet this write.
            if (_renewed.TryGetValue(key, out var renewals)) renewals.RemoveAll(renewal => renewal.At < Now - AnswerTime);
        }
    }

    /// <summary>Whether a lifetime is over, and was a while ago.</summary>
    private bool HasEnded((string, string) key, Written written, TimeSpan late)
    {
        switch (written.Kind)
        {
            case Kind.Ttl:
                // Which of the renewals were stored, and in which order, is not known: the end lies between the first and the last.
                var ends = _renewed.GetValueOrDefault(key, []).Select(renewal => renewal.End).Append(written.At + written.Ttl);
                return late == TimeSpan.Zero ? Now >= ends.Min() : Now >= ends.Max() + Long;
            case Kind.Connection:
                return _brokenAt.TryGetValue(written.Peer, out var at) && Now >= at + late;
            case Kind.Holder:
                var facts = _holders[written.Holder];
                if (facts.Peers.Count == 0) return late == TimeSpan.Zero; // no naming was accepted
                return late == TimeSpan.Zero
                    ? written.At <= facts.LastEnd || IsOver(facts, facts.LeastGrace)
                    : IsOver(facts, TimeSpan.FromSeconds(8) + Long);
            default:
                return false;
        }
    }

    private bool IsOver(HolderFacts facts, TimeSpan grace)
    {
        if (facts.Peers.Exists(peer => !_brokenAt.ContainsKey(peer))) return false;
        var released = facts.Peers.Max(peer => _brokenAt[peer]);
        return Now >= (facts.RestartedAt > released ? facts.RestartedAt : released) + grace;
    }

    // A write may have been accepted up to 10 s after it was sent, and removals wait for the storage.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(12), Long = AnswerTime + LongestTtl;

    private string RandomPath() => Paths[_random.Next(Paths.Length)];

    private enum Kind
    {
        Permanent,
        Ttl,
        Connection,
        Holder,
    }

    private sealed record Written(int Number, Kind Kind, LifePeer Peer, string Holder, TimeSpan Ttl, DateTimeOffset At)
    {
        public ulong? Mark { get; init; }

        public override string ToString() => $"write {Number}, {Kind}, ttl {Ttl}, holder {Holder}, at {At:mm:ss.fff}";
    }

    private sealed class HolderFacts
    {
        public List<LifePeer> Peers { get; } = [];

        public TimeSpan LeastGrace { get; set; } = TimeSpan.MaxValue;

        public DateTimeOffset LastEnd { get; set; }

        public DateTimeOffset RestartedAt { get; set; }
    }
}

using System.Text;
using SharedState.Host.Storages;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>
/// One seeded run of lifetimes on virtual time, with breaks, kills, restarts, swaps and faults of the storage; odd seeds have two hosts on
/// one storage. In every third run nothing fails: there each lifetime ends within a second. Observers check that every copy of a collection
/// is what storage held at its revision.
/// </summary>
internal sealed class LifetimeModel : IDisposable
{
    private static readonly string[] Paths = ["/app/items/a", "/app/items/b"];
    private static readonly string[] Names = ["holder-0123456789", "holder-9876543210"];
    private static readonly string[] CommitFaults = ["away", "lost before", "lost after", "bug"];

    // A removal happens within 1 s of its time, and a part of the time is the precision of the check.
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(1.1), LatePart = TimeSpan.FromMilliseconds(100);

    // By the protocol, for the holders of a killed host; and long enough for retries and for answers that are overdue.
    private static readonly TimeSpan KilledTime = TimeSpan.FromSeconds(60), RetryTime = TimeSpan.FromSeconds(25);

    private readonly Random _random;
    private readonly MemoryStorage _storage;
    private readonly ModelFaults _faults;
    private readonly ModelHistory _history = new();
    private readonly LifetimeFacts _facts;
    private readonly ModelHost[] _hosts;
    private readonly LifePeer[] _peers = new LifePeer[3];
    private readonly ModelPeer[] _observers;
    private readonly bool _calm;

    public LifetimeModel(int seed)
    {
        _random = new(seed);
        _calm = seed % 3 == 0;
        var shared = seed % 2 != 0;
        _storage = new(hasFeed: shared);
        _faults = new(_storage);
        var storages = new Dictionary<string, MemoryStorage> { ["items"] = _storage, ["other"] = new(hasFeed: shared) };
        var numbers = new SeededNumbers(seed);
        var first = new ModelHost(storages, random: numbers);
        _hosts = shared ? [first, new(storages, other: first, random: numbers)] : [first];
        _facts = new(first.Time, _history) { EndsTogether = _calm && !shared };
        _storage.Applied = Apply;
        _observers = new ModelPeer[_hosts.Length];
        for (var index = 0; index < _hosts.Length; index++) Observe(index);
        for (var index = 0; index < _peers.Length; index++) Connect(index);
    }

    /// <summary>Gets each update that the storage applies, with its time; null if nobody reads them.</summary>
    public List<string>? Journal { get; init; }

    private DateTimeOffset Now => _hosts[0].Time.GetUtcNow();

    /// <summary>Random steps, then rest: what should have ended has ended, the rest is there, and no record is left over.</summary>
    public void Play(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Step(_random.Next(_peers.Length));
            Read();
        }
        _faults.Heal();
        if (!_hosts[0].Runs && (_hosts.Length == 1 || _random.Next(2) == 0)) Start(0);
        var rest = _calm || _hosts.Length == 1 ? RetryTime : KilledTime;
        Advance(rest); // longer than any retry, and any time
        AssertNone(_facts.Late(rest));
        foreach (var observer in _observers.Where((_, index) => _hosts[index].Runs))
            observer.Client.AssertRest((_, key) => _storage.Read(key));
        foreach (var peer in _peers) Break(peer);
        Advance(TimeSpan.FromSeconds(12)); // longer than any grace
        AssertNone(_facts.Mortal);
        foreach (var host in _hosts) host.Stop();
        AssertNone(_storage.Read(OwnCollection.Key).Items.Select(item => Encoding.UTF8.GetString(item.Json.Span)));
        AssertNone(_facts.Failures);
    }

    public void Dispose()
    {
        _faults.Heal();
        foreach (var host in _hosts.Reverse()) host.Dispose();
    }

    private void Apply(ItemUpdate update, StoredCollection stored)
    {
        _facts.Apply(update, stored);
        var items = update.Insert.Select(item => Convert.ToHexString(item.Json.Span));
        Journal?.Add($"{Now:mm:ss.fff} {stored.Position} {update.Key} -{string.Join(',', update.Remove)} +{string.Join(',', items)}");
    }

    private void Step(int index)
    {
        var peer = _peers[index];
        switch (_random.Next(_calm ? 82 : 100))
        {
            case < 33: Write(peer, RandomPath(), RandomIds()); break;
            case < 43: Renew(peer); break;
            case < 49: Name(peer); break;
            case < 54: Patch(peer); break;
            case < 56: List(peer); break;
            case < 62: Break(peer); Connect(index); break;
            case < 66: AtTheEnd(peer); break;
            case < 82: Advance(TimeSpan.FromMilliseconds(_random.Next(1, 3_000))); break;
            case < 85: _faults.FailCommit(CommitFaults[_random.Next(CommitFaults.Length)]); break;
            case < 86: _faults.FailLoads(_random.Next(1, 3)); break;
            case < 88: if (_faults.Holding) _faults.LetGo(); else _faults.Holding = true; break;
            case < 90: AwayAtTheEnd(); break;
            case < 93: _faults.OpenWell(); RandomHost().TryReplace(0); break;
            case < 98: Kill(_random.Next(_hosts.Length)); break;
            default: Restart(_random.Next(_hosts.Length)); break;
        }
    }

    private void Write(LifePeer peer, string path, IEnumerable<string> ids)
    {
        var kind = (LifeKind)_random.Next(4);
        var holder = Names[_random.Next(Names.Length)];
        var (ttl, grace) = (RandomTtl(), _random.Next(0, 8));
        var claim = _facts.Write(kind, peer, holder, ttl);
        var lifetime = kind switch
        {
            LifeKind.Ttl => $",\"ttl\":{Seconds(ttl)}",
            LifeKind.Connection => ",\"ephemeral\":true",
            LifeKind.Holder => $$$""","ephemeral":{"holder":"{{{holder}}}","grace":{{{grace}}}}""",
            _ => "",
        };
        var items = string.Join(',', ids.Distinct().Select(id => $$"""{"id":"{{id}}","w":{{claim.Number}}}"""));
        // A patch that does not name w would leave the lifetime of another write, so it always does.
        var field = kind != LifeKind.Permanent && _random.Next(3) == 0 ? "patch" : "insert";
        var update = $$"""{"{{field}}":[{{items}}]{{lifetime}}{{Condition()}}}""";
        Ask(peer, path, update, claim, kind == LifeKind.Holder ? holder : null, grace);
    }

    private void Renew(LifePeer peer)
    {
        var (path, id, ttl) = (RandomPath(), RandomId(), RandomTtl());
        // Only an item with a time has a renewal that nobody notices; which one it meets is known when it was stored.
        if (_facts.Renew(path[^1..], id, peer, ttl) is not { } claim) return;
        var refused = _random.Next(4) == 0 ? $",\"absent\":[\"{RandomId()}\"]" : "";
        Ask(peer, path, $$$"""{"patch":[{"id":"{{{id}}}"}],"ttl":{{{Seconds(ttl)}}},"if":{"present":["{{{id}}}"]{{{refused}}}}}""", claim);
    }

    private void Patch(LifePeer peer) => Ask(
        peer, RandomPath(), $$$"""{"patch":[{"id":"{{{RandomId()}}}","p":{{{_random.Next(9)}}}}],"if":{"present":["k0"]}}""");

    private void Name(LifePeer peer)
    {
        var (holder, grace) = (Names[_random.Next(Names.Length)], _random.Next(0, 8));
        Ask(peer, RandomPath(), $$$"""{"ephemeral":{"holder":"{{{holder}}}","grace":{{{grace}}}}}""", holder: holder, grace: grace);
    }

    /// <summary>No client sees the records.</summary>
    private static void List(LifePeer peer)
    {
        peer.Ask("GET", "/app/items", "{}", reply =>
        {
            if ((bool)reply["ok"]!) Assert.All(reply["data"]!.AsArray(), name => Assert.Contains((string)name!, (string[])["a", "b"]));
        });
        var records = $"/{OwnCollection.Key.App}/items/{OwnCollection.Key.Collection}";
        peer.Ask("GET", records, "{}", reply => Assert.False((bool)reply["ok"]!, reply.ToJsonString()));
    }

    /// <summary>An item is written again just before its end, or when its end has just begun.</summary>
    private void AtTheEnd(LifePeer peer)
    {
        if (RandomEnd() is not var (path, id, end)) return;
        Advance(end - Now + TimeSpan.FromMilliseconds(_random.Next(-200, 200)));
        Write(peer, path, [id]);
    }

    /// <summary>The storage is away when an item is to be removed.</summary>
    private void AwayAtTheEnd()
    {
        if (RandomEnd() is not var (_, _, end)) return;
        Advance(end - Now - LatePart);
        for (var count = _random.Next(1, 6); count > 0; count--) _faults.FailCommit(CommitFaults[_random.Next(CommitFaults.Length)]);
        Advance(TimeSpan.FromSeconds(1.5));
    }

    private (string Path, string Id, DateTimeOffset End)? RandomEnd()
    {
        var timed = _facts.Timed.Where(item => item.End > Now).ToList();
        if (timed.Count == 0) return null;
        var (collection, id, end) = timed[_random.Next(timed.Count)];
        return (Paths.Single(path => path.EndsWith(collection, StringComparison.Ordinal)), id, end);
    }

    private void Ask(LifePeer peer, string path, string update, LifetimeClaim? claim = null, string? holder = null, int grace = 0)
    {
        if (holder is not null) _facts.Name(holder, grace);
        peer.Ask("PUT", path, update, reply =>
        {
            var accepted = (bool)reply["ok"]!;
            if (claim is not null) _facts.Answer(claim, accepted ? "ok" : (string)reply["error"]!["code"]!);
            if (holder is not null && accepted) _facts.Hold(holder, peer);
        });
    }

    private void Break(LifePeer peer)
    {
        _facts.Break(peer);
        if (!peer.Gone) peer.Break();
    }

    private void Kill(int index)
    {
        if (!_hosts[index].Runs) return;
        if (_random.Next(2) == 0) _faults.LetGo(); // what was on its way arrives
        Down(index, () => _hosts[index].Kill());
    }

    private void Restart(int index)
    {
        _faults.Heal();
        if (_hosts[index].Runs) Down(index, _hosts[index].Stop);
        else Start(index);
    }

    /// <summary>A host ends, and the clients go to the other one; or it is the only one, and starts again.</summary>
    private void Down(int index, Action end)
    {
        var host = _hosts[index];
        foreach (var peer in _peers.Where(peer => peer.Host == host)) Break(peer);
        _observers[index].Break();
        end();
        var rest = TimeSpan.FromMilliseconds(_random.Next(0, 3_000));
        if (_hosts.Length == 1) Advance(rest);
        if (_hosts.All(other => !other.Runs) || _random.Next(3) == 0) Start(index);
        for (var n = 0; n < _peers.Length; n++)
        {
            if (_peers[n].Gone) Connect(n);
        }
    }

    private void Start(int index)
    {
        _faults.Heal();
        _hosts[index].Start();
        if (_hosts.Length == 1) _facts.Restart();
        Observe(index);
        Read();
    }

    private void Observe(int index)
    {
        _observers[index] = new(_hosts[index], new(_history, []), 1 << 20);
        _observers[index].Client.GetsEverySingleChange = _facts.EndsTogether;
        _observers[index].Send(_observers[index].Client.Subscribe(
            Paths.ToDictionary(path => path, _ => ("", (ModelView?)null)), remove: null, resume: false));
        _hosts[index].Thread.Run();
    }

    private void Connect(int index) => _peers[index] = new(RandomHost());

    private void Advance(TimeSpan time)
    {
        var part = _calm ? LatePart : TimeSpan.FromMilliseconds(250);
        for (var left = time; left > TimeSpan.Zero; left -= part)
        {
            _hosts[0].Advance(left < part ? left : part);
            Read();
        }
    }

    private void Read()
    {
        foreach (var peer in _peers.Where(peer => !peer.Gone)) peer.Read();
        foreach (var (index, observer) in _observers.Index())
        {
            if (_hosts[index].Runs) observer.Read(int.MaxValue);
        }
        AssertNone(_facts.Failures);
        if (_calm) AssertNone(_facts.Late(Late));
    }

    private static void AssertNone(IEnumerable<string> wrong)
    {
        if (wrong.Any()) Assert.Fail(string.Join('\n', wrong));
    }

    private ModelHost RandomHost()
    {
        var running = _hosts.Where(host => host.Runs).ToList();
        return running[_random.Next(running.Count)];
    }

    private string Condition() =>
        _random.Next(5) == 0 ? $$""","if":{"{{(_random.Next(2) == 0 ? "absent" : "present")}}":["{{RandomId()}}"]}""" : "";

    private string RandomPath() => Paths[_random.Next(Paths.Length)];

    private string RandomId() => $"k{_random.Next(5)}";

    private List<string> RandomIds() => [.. Enumerable.Range(0, _random.Next(1, 3)).Select(_ => RandomId())];

    private TimeSpan RandomTtl() => TimeSpan.FromMilliseconds(100 * (_random.Next(4) == 0 ? _random.Next(1, 10) : _random.Next(10, 120)));

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture);
}

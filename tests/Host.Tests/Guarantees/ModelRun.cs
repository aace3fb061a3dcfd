using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>One seeded run of random updates, subscriptions, slow reads, drops, restarts and faults; all of it on one thread.</summary>
internal sealed class ModelRun : IDisposable
{
    private static readonly string[] Paths = ["/app/items/a", "app//items/a/", "/app/items/b", "/app/other/a", "/app/items/c"];
    private static readonly string[] CommitFaults = ["away", "lost before", "lost after", "bug"];

    private readonly Random _random;
    private readonly ModelHistory _history = new();
    private readonly ModelHost _host; // the first one
    private readonly ModelHost[] _hosts;
    private readonly ModelFaults[] _faults;
    private readonly ModelPeer[] _peers = new ModelPeer[4];
    private readonly int[] _outboxBytes;
    private readonly ModelView[] _views;
    private int _mark, _lineage = 1;

    public ModelRun(int seed)
    {
        _random = new(seed);
        _views = [.. Enumerable.Range(0, 4).Select(_ => ModelView.Random(_random))];
        var storages = ModelHost.Services.ToDictionary(name => name, _ => new MemoryStorage(hasFeed: seed % 2 != 0));
        foreach (var (name, storage) in storages) _history.Watch(name, storage);
        _faults = [.. storages.Values.Select(storage => new ModelFaults(storage))];
        _host = new(storages);
        _hosts = seed % 2 == 0 ? [_host] : [_host, new(storages, other: _host)];
        _outboxBytes = [1 << 20, .. Enumerable.Range(1, _peers.Length - 1).Select(_ => _random.Next(100, 2_000))];
        for (var index = 0; index < _peers.Length; index++) Connect(index, []);
        // It has room, and reads after each step. What another host commits may be merged.
        _peers[0].Client.GetsEverySingleChange = _hosts.Length == 1;
    }

    /// <summary>Random steps, then rest: everything is answered, and every copy is what storage holds.</summary>
    public void Play(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Step(_random.Next(_peers.Length));
            _host.Thread.Run();
            _peers[0].Read(int.MaxValue);
        }
        foreach (var faults in _faults) faults.Heal();
        for (var quiet = 0; quiet < 15; quiet++) // 15 times 0.7 s: longer than any retry, rate or answer takes
        {
            _host.Advance(TimeSpan.FromSeconds(0.7));
            while (_peers.Sum(peer => peer.Read(int.MaxValue)) > 0) quiet = 0;
        }
        Assert.Empty(_history.Failures);
        foreach (var peer in _peers)
        {
            peer.AssertHealthy();
            peer.Client.AssertRest((service, key) => _host.Storages[service].Read(key));
        }
    }

    public void Dispose()
    {
        foreach (var faults in _faults) faults.Heal();
        foreach (var host in _hosts.Reverse()) host.Dispose();
    }

    private void Step(int index)
    {
        var peer = _peers[index];
        switch (_random.Next(100))
        {
            case < 35: Put(peer); break;
            case < 42: Get(peer); break;
            case < 44: peer.Send(peer.Client.Clock()); break;
            case < 55: Subscribe(index); break;
            case < 75: peer.Read(_random.Next(1, 6)); break;
            case < 79: Reconnect(index); break;
            case < 86: _host.Advance(TimeSpan.FromMilliseconds(_random.Next(1, 1_500))); break;
            case < 88: Idle(); break;
            case < 92: Hold(); break;
            case < 95: Fault(); break;
            case < 97: Pipeline(peer); break;
            case < 98: Replace(); break;
            case < 99: Restart(loses: false); break;
            default: Restart(loses: true); break;
        }
    }

    private void Get(ModelPeer peer)
    {
        var view = _random.Next(2) == 0 ? null : _views[_random.Next(_views.Length)];
        peer.Send(peer.Client.Get(Paths[_random.Next(Paths.Length)], view));
    }

    private void Put(ModelPeer peer)
    {
        var mark = ++_mark;
        var ids = Enumerable.Range(0, _random.Next(0, 4)).Select(_ => $"k{_random.Next(8)}").ToList();
        if (_random.Next(40) == 0) ids.Add(ModelFaults.RefusedId);
        var insert = string.Join(',', ids.Select(id => ModelHistory.Item(id, mark, _random.Next(60))));
        var remove = string.Join(',', Enumerable.Range(0, _random.Next(0, 3)).Select(_ => $"\"k{_random.Next(8)}\""));
        var reset = _random.Next(12) == 0 ? ",\"reset\":true" : "";
        var path = Paths[_random.Next(Paths.Length)];
        if (_random.Next(2) == 0)
        {
            peer.Send(peer.Client.Put(path, $$"""{"insert":[{{insert}}],"remove":[{{remove}}]{{reset}}}""", mark));
            return;
        }
        var patch = string.Join(',', Enumerable.Range(0, _random.Next(0, 3)).Select(_ => ModelHistory.Item($"k{_random.Next(8)}", mark, _random.Next(60))));
        var increment = _random.Next(2) == 0 ? $$"""{"id":"{{ModelHistory.Counter}}","path":"n","by":1}""" : "";
        var condition = _random.Next(3) == 0 ? null : Condition(peer, path);
        var terms = $$"""{"insert":[{{insert}}],"remove":[{{remove}}],"patch":[{{patch}}],"inc":[{{increment}}],"if":{{condition?.ToString() ?? "null"}}{{reset}}}""";
        peer.Send(peer.Client.Put(path, terms, mark, condition));
    }

    private ModelCondition Condition(ModelPeer peer, string path)
    {
        var since = _random.Next(2) == 0 && peer.Client.Copies.TryGetValue(path, out var copy) ? copy.Position : null;
        var matches = Ids().Distinct().ToDictionary(id => id, _ => _random.Next(_mark));
        return new(since, Ids(), Ids(), matches);

        string[] Ids() => [.. Enumerable.Range(0, Math.Max(0, _random.Next(-2, 2))).Select(_ => $"k{_random.Next(8)}")];
    }

    private void Pipeline(ModelPeer peer)
    {
        for (var count = _random.Next(2, 12); count > 0; count--)
        {
            if (_random.Next(4) == 0) Get(peer);
            else Put(peer);
        }
    }

    private void Subscribe(int index)
    {
        var peer = _peers[index];
        var insert = new Dictionary<string, (string Options, ModelView? View)>();
        for (var count = _random.Next(1, 4); count > 0; count--)
            insert[Paths[_random.Next(Paths.Length)]] = (index == 0 ? "" : Options(), null);
        if (_random.Next(4) == 0) _views[_random.Next(_views.Length)] = ModelView.Random(_random);
        for (var count = _random.Next(0, 4); count > 0; count--)
        {
            var view = _random.Next(_views.Length);
            insert[ModelClient.NameOf(Paths[_random.Next(Paths.Length)], $"v{view}")] = (index == 0 ? "" : Options(), _views[view]);
        }
        var remove = _random.Next(2) == 0
            ? null
            : peer.Client.Copies.Keys.Concat(Paths).Distinct().Where(_ => _random.Next(4) == 0).Except(insert.Keys).ToList();
        peer.Send(peer.Client.Subscribe(insert, remove, resume: _random.Next(2) == 0));
    }

    private string Options() => _random.Next(6) switch
    {
        0 => "\"conflate\":true",
        1 => "\"maxRate\":2",
        2 => "\"conflate\":true,\"maxRate\":5",
        _ => "",
    };

    private void Reconnect(int index)
    {
        _peers[index].Break();
        Connect(index, _peers[index].Client.Known);
        if (_random.Next(3) > 0) Subscribe(index);
    }

    private void Connect(int index, Dictionary<string, ModelClient.Copy> known) =>
        _peers[index] = new(_hosts[_random.Next(_hosts.Length)], new(_history, known), _outboxBytes[index]);

    private void Hold()
    {
        var faults = _faults[_random.Next(_faults.Length)];
        if (faults.Holding) faults.LetGo();
        else faults.Holding = true;
    }

    private void Fault()
    {
        _peers[0].Client.GetsEverySingleChange = false;
        var faults = _faults[_random.Next(_faults.Length)];
        if (_random.Next(3) == 0) faults.FailLoads(_random.Next(1, 4));
        else faults.FailCommit(CommitFaults[_random.Next(CommitFaults.Length)]);
    }

    /// <summary>Another instance takes over: the same data, which nobody notices; other data; or it fails, and the old one is opened again,
    /// perhaps not at once.</summary>
    private void Replace()
    {
        var service = _random.Next(_faults.Length);
        var (name, storage) = _host.Storages.ElementAt(service);
        var faults = _faults[service];
        faults.OpenWell();
        switch (_random.Next(4))
        {
            case 0 when _hosts.Length == 1: // a storage keeps its lineage while another host uses it
                _peers[0].Client.GetsEverySingleChange = false;
                var epoch = _random.Next(2) == 0;
                faults.AtNextOpen(() => Lose(name, storage, epoch));
                break;
            case 1:
                _peers[0].Client.GetsEverySingleChange = false; // what was not loaded from the new one is read again from the old one
                var fault = _random.Next(2) == 0 ? ItemServiceFault.Unusable : ItemServiceFault.Unavailable;
                for (var times = _random.Next(1, 4); times > 0; times--)
                    faults.AtNextOpen(() => throw new ItemServiceException(fault, "will not open"));
                break;
        }
        if (!_hosts[_random.Next(_hosts.Length)].TryReplace(service)) faults.OpenWell();
    }

    /// <summary>Long enough for collections that nobody follows to leave memory.</summary>
    private void Idle()
    {
        foreach (var faults in _faults) faults.LetGo();
        _host.Thread.Run();
        _host.Advance(TimeSpan.FromSeconds(6));
    }

    private void Restart(bool loses)
    {
        foreach (var faults in _faults)
        {
            faults.OpenWell();
            faults.LetGo();
        }
        foreach (var peer in _peers) peer.Break();
        var (name, storage) = _host.Storages.ElementAt(_random.Next(_host.Storages.Count));
        if (loses) Lose(name, storage, epoch: _random.Next(2) == 0);
        foreach (var host in _hosts) host.Stop();
        foreach (var host in _hosts) host.Start();
        for (var index = 0; index < _peers.Length; index++)
        {
            Connect(index, _peers[index].Client.Known);
            Subscribe(index);
        }
    }

    private void Lose(string name, MemoryStorage storage, bool epoch)
    {
        storage.LoseHistory(epoch ? ModelHistory.Epoch(++_lineage) : null);
        foreach (var path in Paths)
        {
            var (service, key) = ModelClient.Parse(path);
            if (service == name) _history.Record(name, key, storage.Read(key));
        }
    }
}

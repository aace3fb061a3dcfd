using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>The model of <see cref="ModelTests"/> on real sockets and threads: fewer runs, but all that may race does.</summary>
public sealed class SocketModelTests
{
    private static readonly string[] Paths = ["/app/items/a", "app//items/a/", "/app/items/b", "/app/other/a"];

    [Fact]
    public async Task WhateverHappensEachCopyIsWhatTheCollectionWasAtItsRevision()
    {
        var seeds = Setting.Number("SHAREDSTATE_SOCKET_SEEDS", 24);
        for (var seed = 1; seed <= seeds; seed++)
        {
            try
            {
                await PlayAsync(seed);
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}: {exception}");
            }
        }
    }

    private static async Task PlayAsync(int seed)
    {
        var history = new ModelHistory();
        var (items, other) = (new MemoryStorage(), new MemoryStorage());
        history.Watch("items", items);
        history.Watch("other", other);
        ModelFaults[] faults = [new(items), new(other)];
        var limits = new Limits { OutboxBytes = 3_000, CollectionIdleTime = TimeSpan.FromMilliseconds(40), Tombstones = 3 };
        await using var host = await LiveHost.StartAsync(items, other, limits);

        var marks = new Marks();
        var clients = Enumerable.Range(0, 4).Select(index => new Walk(host, history, marks, new(seed * 100 + index))).ToArray();
        var running = Task.WhenAll(clients.Select(client => Task.Run(client.RunAsync)));
        var random = new Random(seed);
        while (!running.IsCompleted)
        {
            var storage = faults[random.Next(2)];
            if (random.Next(3) == 0) storage.FailLoads(1);
            else storage.FailCommit(new[] { "away", "lost before", "lost after", "bug" }[random.Next(4)]);
            await Task.WhenAny(running, Task.Delay(random.Next(20)));
        }
        await running;
        foreach (var storage in faults) storage.Heal();

        foreach (var client in clients)
        {
            await Wait.UntilAsync(
                () => client.Peer.Failure is not null ? Task.FromResult(true) : client.Peer.IsAsync(model => IsAtRest(model, items, other)),
                "every copy is what storage holds");
            Assert.Null(client.Peer.Failure);
            await client.Peer.DisposeAsync();
        }
    }

    private static bool IsAtRest(ModelClient model, MemoryStorage items, MemoryStorage other) =>
        model.Unanswered == 0 && model.Copies.All(pair =>
        {
            var (service, key) = ModelClient.Parse(pair.Key);
            var stored = (service == "items" ? items : other).Read(key);
            return pair.Value.Position == stored.Position && ModelHistory.Equal(ModelHistory.Items(stored), pair.Value.Items);
        });

    private sealed class Marks
    {
        private int _last;

        public int Next() => Interlocked.Increment(ref _last);
    }

    /// <summary>What one client does.</summary>
    private sealed class Walk(LiveHost host, ModelHistory history, Marks marks, Random random)
    {
        public SocketPeer Peer { get; private set; } = null!;

        public async Task RunAsync()
        {
            Peer = await SocketPeer.ConnectAsync(host, new(history, []));
            await SubscribeAsync();
            for (var step = 0; step < 60 && Peer.Failure is null; step++)
            {
                switch (random.Next(20))
                {
                    case < 12: await PutAsync(); break;
                    case < 14: await Peer.SendAsync(model => model.Get(Paths[random.Next(Paths.Length)])); break;
                    case < 17: await SubscribeAsync(); break;
                    case < 18: await ReconnectAsync(); break;
                    default: await Peer.WithoutReadingAsync(PutSeveralAsync); break;
                }
            }
        }

        private async Task ReconnectAsync()
        {
            await Peer.DisposeAsync();
            if (Peer.Failure is null) Peer = await SocketPeer.ConnectAsync(host, new(history, Peer.Model.Known));
            await SubscribeAsync();
        }

        private async Task PutSeveralAsync()
        {
            for (var count = random.Next(20); count > 0; count--) await PutAsync();
        }

        private Task SubscribeAsync()
        {
            var insert = Paths
                .Where(_ => random.Next(2) == 0)
                .ToDictionary(path => path, _ => (random.Next(4) == 0 ? "\"conflate\":true" : "", (ModelView?)null));
            return Peer.SendAsync(model => model.Subscribe(insert, random.Next(2) == 0 ? null : [], random.Next(3) > 0));
        }

        private Task PutAsync()
        {
            var mark = marks.Next();
            var insert = string.Join(
                ',', Enumerable.Range(0, random.Next(1, 4)).Select(_ => ModelHistory.Item($"k{random.Next(8)}", mark, random.Next(400))));
            var argument =
                $$"""{"insert":[{{insert}}],"remove":["k{{random.Next(8)}}"]{{(random.Next(15) == 0 ? ",\"reset\":true" : "")}}}""";
            return Peer.SendAsync(model => model.Put(Paths[random.Next(Paths.Length)], argument, mark));
        }
    }
}

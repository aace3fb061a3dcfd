using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>What fits into one commit, and that connections take turns in it.</summary>
public sealed class CommitShareTests
{
    private const string Small = "small";

    // In the measured form 14 connections with 20 updates of 99,000 removals each.
    private static readonly int Removals = Setting.Number("SHAREDSTATE_REMOVALS", 12_000);

    private readonly MemoryStorage _storage = new();
    private readonly List<IReadOnlyList<ItemUpdate>> _batches = [];
    private readonly TaskCompletionSource _stored = new();

    [Fact]
    public void ASmallUpdateWaitsForOneCommitWhateverOthersSend()
    {
        const int Updates = 20;
        var sizes = Enumerable.Range(0, 14).Select(peer => peer % 2 == 0 ? Removals : 4_000).ToArray();
        using var host = Host();
        HoldACommit(host);
        foreach (var size in sizes)
        {
            var peer = new ModelPeer(host, new(new(), []), 1 << 20);
            for (var update = 0; update < Updates; update++) peer.Send(Remove(size));
        }
        host.Thread.Run();
        Peer(host).Send(Insert(Small, items: 100));
        host.Thread.Run();
        _stored.SetResult();
        host.Thread.Run();

        Assert.Contains(_batches[1], update => update.Key.Collection == Small);
        foreach (var batch in _batches.Where(batch => batch.Count > 1)) Assert.InRange(batch.Sum(Operations), 1, 20_000);
        Assert.Equal(2 + (sizes.Length * Updates), _batches.Sum(batch => batch.Count));
    }

    [Fact]
    public void LargeUpdatesTakeTurnsWithOthersThatDoNotEnd()
    {
        using var host = Host();
        HoldACommit(host);
        Peer(host).Send(Remove(Removals));
        Peer(host).Send(Remove(Removals));
        Peer(host).Send(Remove(6_000));
        host.Thread.Run();
        var busy = Enumerable.Range(0, 40).Select(_ => Peer(host)).ToArray();
        SendMany();
        host.Thread.Run();
        // Each commit finds as many small updates as there may be of these connections.
        _storage.BeforeCommit = (batch, _) =>
        {
            _batches.Add(batch);
            if (_batches.Count < 20) SendMany();
            return Task.CompletedTask;
        };
        _stored.SetResult();
        host.Thread.Run();

        var large = _batches.Skip(1).Index().Where(pair => pair.Item.Any(IsRemoval)).ToList();
        Assert.Equal(3, large.Sum(pair => pair.Item.Count(IsRemoval)));
        Assert.All(large, pair => Assert.InRange(pair.Index, 0, 6));
        var alone = large.Where(pair => pair.Item.Count == 1).ToList();
        foreach (var (one, next) in alone.Zip(alone.Skip(1))) Assert.True(next.Index > one.Index + 1, "two large batches follow each other");

        void SendMany()
        {
            foreach (var peer in busy)
            {
                for (var update = 0; update < 64; update++) peer.Send(Insert(Small, items: 1));
            }
        }
    }

    private static int Operations(ItemUpdate update) => update.Insert.Count + update.Remove.Count;

    private static bool IsRemoval(ItemUpdate update) => update.Remove.Count > 0;

    private static ModelPeer Peer(ModelHost host) => new(host, new(new(), []), 1 << 20);

    private static string Remove(int count) =>
        Put("flood", $$"""{"remove":[{{string.Join(',', Enumerable.Range(0, count).Select(id => $"\"{id}\""))}}]}""");

    private static string Insert(string collection, int items) =>
        Put(collection, $$"""{"insert":[{{string.Join(',', Enumerable.Range(0, items).Select(id => $$"""{"id":"{{id}}"}"""))}}]}""");

    private static string Put(string collection, string argument) =>
        $$"""{"type":"REQUEST","cmd":"PUT","path":"/app/items/{{collection}}","arg":{{argument}},"tunnel":1}""";

    private ModelHost Host() => new(new() { ["items"] = _storage, ["other"] = new() }, new());

    private void HoldACommit(ModelHost host)
    {
        _storage.BeforeCommit = (batch, _) =>
        {
            _batches.Add(batch);
            return _batches.Count == 1 ? _stored.Task : Task.CompletedTask;
        };
        Peer(host).Send(Insert("first", items: 1));
        host.Thread.Run();
        Assert.Single(_batches);
    }
}

using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G8: whatever storage does, every request is answered within 10 seconds after it was read.</summary>
public sealed class AnswerTimeTests
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(10), Step = TimeSpan.FromMilliseconds(250);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void EveryRequestIsAnsweredInTimeWhileStorageHangs(bool untilCancelled)
    {
        var history = new ModelHistory();
        var storages = ModelHost.Services.ToDictionary(name => name, _ => new MemoryStorage());
        foreach (var (name, storage) in storages) history.Watch(name, storage);
        using var host = new ModelHost(storages, new() { RequestsInFlight = 64 });
        var peers = Enumerable.Range(0, 3).Select(_ => new ModelPeer(host, new(history, []), 1 << 20)).ToArray();
        peers[0].Send(Put(peers[0], "/app/items/a", 1));
        peers[0].Send(peers[0].Client.Subscribe("/app/items/a"));
        host.Thread.Run();
        peers[0].Read(int.MaxValue);

        var release = new TaskCompletionSource();
        foreach (var storage in storages.Values)
        {
            storage.BeforeCommit = (_, stop) => Hang(stop);
            storage.BeforeLoad = (_, stop) => Hang(stop);
        }
        // What waits for a load after a commit, a commit after a load, and one load after the other.
        string[] paths = ["/app/items/a", "/app/items/b", "/app/items/c", "/app/items/d", "/app/items/e", "/app/items/f"];
        var mark = 1;
        foreach (var peer in peers)
        {
            for (var index = 0; index < 24; index++)
            {
                var path = paths[index % paths.Length];
                peer.Send(index % 3 == 1 ? peer.Client.Get(path) : Put(peer, path, ++mark));
                host.Thread.Run();
            }
            for (var step = 0; step < 4; step++) Advance(host);
        }
        for (var time = TimeSpan.Zero; time < Promised; time += Step)
        {
            Advance(host);
            foreach (var peer in peers) peer.Read(int.MaxValue);
        }
        Assert.All(peers, peer => Assert.Equal(0, peer.Client.Unanswered));

        release.SetResult();
        foreach (var storage in storages.Values) (storage.BeforeCommit, storage.BeforeLoad) = (null, null);
        host.Thread.Run();
        for (var step = 0; step < 20; step++) Advance(host);
        peers[0].Send(Put(peers[0], "/app/items/a", ++mark));
        host.Thread.Run();
        peers[0].Read(int.MaxValue);
        peers[0].Client.AssertRest((service, key) => storages[service].Read(key));
        Assert.True(history.Holds(mark), "the service did not recover");

        Task Hang(CancellationToken stop) => untilCancelled ? Task.Delay(Timeout.InfiniteTimeSpan, stop) : release.Task;
    }

    private static string Put(ModelPeer peer, string path, int mark) =>
        peer.Client.Put(path, $$"""{"insert":[{{ModelHistory.Item($"k{mark}", mark, 5)}}]}""", mark);

    // A call that is given up on is cancelled on the thread pool, which needs a moment of real time.
    private static void Advance(ModelHost host)
    {
        host.Advance(Step);
        host.Thread.Complete(() => Task.Delay(3));
    }
}

using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SharedState.Host.Connections;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>What many clients of one collection cost: merged and shared notifications, commits in groups, memory for what is
/// used.</summary>
public sealed class SharingTests
{
    private const string Path = "/app/items/a";

    private readonly MemoryStorage _storage = new();

    [Fact]
    public void ARateLetsSoManyNotificationsGoAndTheLastStateArrives()
    {
        const int Updates = 30, StepMilliseconds = 100, LeastMilliseconds = 500;
        using var host = Host();
        var (writer, follower) = (Peer(host), Peer(host));
        Follow(host, follower, """{"maxRate":2}""");
        var (times, last) = (new List<int>(), 0);
        for (var step = 1; step <= Updates + 10; step++)
        {
            if (step <= Updates) writer.Send(Put(Path, step));
            host.Advance(TimeSpan.FromMilliseconds(StepMilliseconds));
            foreach (var message in follower.ReadRaw().ConvertAll(bytes => JsonNode.Parse(bytes)!))
            {
                times.Add(step * StepMilliseconds);
                last = (int)message["data"]!["insert"]![0]!["v"]!;
            }
        }
        Assert.All(
            times.Zip(times.Skip(1)),
            pair => Assert.True(pair.Second - pair.First >= LeastMilliseconds, $"at {pair.First} and at {pair.Second} ms"));
        Assert.InRange(times.Count, 5, (Updates * StepMilliseconds / LeastMilliseconds) + 2);
        Assert.Equal(Updates, last);
    }

    [Theory]
    [InlineData("{}", 10)]
    [InlineData("""{"conflate":true}""", 2)]
    public void WhoConflatesGetsOneMergedDifferenceForWhatItHasNotRead(string options, int frames)
    {
        using var host = Host();
        var (writer, follower) = (Peer(host), Peer(host));
        Follow(host, follower, options);
        for (var update = 1; update <= 10; update++) writer.Send(Put(Path, update));
        host.Thread.Run();
        var messages = follower.ReadRaw().ConvertAll(bytes => JsonNode.Parse(bytes)!);
        Assert.Equal(frames, messages.Count);
        Assert.Equal(10, (int)messages[^1]["rev"]!);
        Assert.Equal(10, (int)Assert.Single(messages[^1]["data"]!["insert"]!.AsArray())!["v"]!);
    }

    [Fact]
    public void WhatArrivesDuringACommitIsTheNextOneAndAFloodTakesOnlyItsShare()
    {
        const int Peers = 20;
        using var host = Host();
        var (flood, peers) = (Peer(host), Enumerable.Range(0, Peers).Select(_ => Peer(host)).ToArray());
        foreach (var peer in peers) peer.Send(Put(Path, 0));
        flood.Send(Put("/app/items/flood", 0));
        host.Thread.Run();

        var (batches, hold) = (new List<IReadOnlyList<ItemUpdate>>(), new TaskCompletionSource());
        _storage.BeforeCommit = (batch, _) =>
        {
            batches.Add(batch);
            return hold.Task;
        };
        var commits = _storage.Commits;
        peers[0].Send(Put(Path, 1));
        host.Thread.Run();
        for (var update = 0; update < 500; update++) flood.Send(Put("/app/items/flood", update));
        host.Thread.Run();
        foreach (var peer in peers) peer.Send(Put(Path, 2));
        host.Thread.Run();
        Assert.Single(batches);
        Assert.Equal(commits, _storage.Commits);
        hold.SetResult();
        host.Thread.Run();

        Assert.Equal(Peers, batches[1].Count(update => update.Key.Collection == "a"));
        Assert.Equal(ModelHost.Limits.RequestsInFlight, batches[1].Count(update => update.Key.Collection == "flood"));
        Assert.DoesNotContain(batches.Skip(2), batch => batch.Any(update => update.Key.Collection == "a"));
    }

    [Fact]
    public void FollowersOfOneRevisionShareOneBodyHoweverTheySpellThePath()
    {
        using var host = Host();
        var writer = Peer(host);
        string[] spellings = [Path, Path, "app/items/a", "/app//items/a/"];
        var followers = spellings.Select(_ => Peer(host)).ToArray();
        writer.Send(Put(Path, 1, 20_000));
        host.Thread.Run();
        for (var index = 0; index < spellings.Length; index++)
            followers[index]
                .Send($$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[["{{spellings[index]}}",{}]]},"tunnel":1}""");
        host.Thread.Run();
        AssertShared();
        writer.Send(Put(Path, 2, 20_000));
        host.Thread.Run();
        AssertShared();

        void AssertShared()
        {
            var bodies = followers.Select(follower => Body(follower.TakeFrames()[^1])).ToArray();
            Assert.All(bodies, body => Assert.Same(bodies[0], body));
        }
    }

    [Fact]
    public void WhatIsNotUsedLeavesMemoryAndIsReadAgainAndWhatIsFollowedStays()
    {
        using var host = Host();
        var (client, follower) = (Peer(host), Peer(host));
        client.Send(Put(Path, 1));
        host.Thread.Run();
        var loads = _storage.Loads;
        host.Advance(ModelHost.Limits.CollectionIdleTime / 2);
        AssertReads(loads);
        host.Advance(ModelHost.Limits.CollectionIdleTime * 2);
        AssertReads(loads + 1);
        Follow(host, follower, "{}");
        host.Advance(ModelHost.Limits.CollectionIdleTime * 4);
        AssertReads(loads + 1);

        void AssertReads(int expected)
        {
            client.ReadRaw();
            client.Send($$"""{"type":"REQUEST","cmd":"GET","path":"{{Path}}","tunnel":1}""");
            host.Thread.Run();
            Assert.Single(JsonNode.Parse(Assert.Single(client.ReadRaw()))!["data"]!.AsArray());
            Assert.Equal(expected, _storage.Loads);
        }
    }

    private ModelHost Host() => new(new() { ["items"] = _storage, ["other"] = new() });

    private static ModelPeer Peer(ModelHost host) => new(host, new(new(), []), 1 << 20);

    private static string Put(string path, int value, int padding = 0) =>
        $$"""{"type":"REQUEST","cmd":"PUT","path":"{{path}}","arg":{"insert":[{{ModelHistory.Item("1", value, padding)}}]},"tunnel":1}""";

    private static void Follow(ModelHost host, ModelPeer follower, string options)
    {
        follower.Send($$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[["{{Path}}",{{options}}]]},"tunnel":1}""");
        host.Thread.Run();
        Assert.Equal(2, follower.ReadRaw().Count); // the reply and the whole
        host.Advance(TimeSpan.FromSeconds(1));
    }

    private static byte[] Body(Frame frame)
    {
        Assert.True(MemoryMarshal.TryGetArray(frame.Body, out var body) && body.Count > 20_000, "no body to share");
        return body.Array!;
    }
}

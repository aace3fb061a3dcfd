using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using SharedState.Host.Connections;
using SharedState.Host.Protocol;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Subscriptions that resume from many positions cost other clients little time.</summary>
public sealed class ResumeShareTests
{
    private const int Revisions = 300;

    private static readonly int Positions = Setting.Number("SHAREDSTATE_POSITIONS", 100);

    private readonly MemoryStorage _storage = new();

    [Fact]
    public void DifferencesThatAClientHasNoRoomForAreNotMade()
    {
        using var host = Host(itemBytes: 1_000);
        var peer = Peer(host, outboxBytes: 32_000);
        var subscriptions = Enumerable.Range(0, Positions).Select(index => Resume(since: 160 + (index % 100), name: $"{index}"));
        var before = GC.GetAllocatedBytesForCurrentThread();
        peer.Send($$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[{{string.Join(',', subscriptions)}}]},"tunnel":1}""");
        host.Thread.Run();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, 0, 1_000_000 + (Positions * 10_000L));

        // Each gets its difference when the client reads.
        var seen = new Dictionary<string, JsonNode>();
        for (var messages = peer.ReadRaw(); messages.Count > 0; messages = peer.ReadRaw())
        {
            foreach (var message in messages.ConvertAll(bytes => JsonNode.Parse(bytes)!).Where(message => message["as"] is not null))
                Assert.True(seen.TryAdd((string)message["as"]!, message));
        }
        Assert.Equal(Positions, seen.Count);
        foreach (var (name, message) in seen)
            Assert.Equal((160 + (int.Parse(name, null) % 100), Revisions), ((int)message["prev"]!, (int)message["rev"]!));
    }

    [Fact]
    public void AnUpdateWaitsForTheTextsOfATurnAndNotForAllThatOthersAskFor()
    {
        using var host = Host(itemBytes: 20_000);
        var peers = Enumerable.Range(0, 30).Select(index => (Peer: Peer(host, 8 << 20), Since: 200 + index)).ToArray();
        var writer = Peer(host, 1 << 20);
        writer.Send("""{"type":"REQUEST","cmd":"GET","path":"/app/items/other","tunnel":1}""");
        host.Thread.Run();
        long before = 0, allocated = 0;
        _storage.BeforeCommit = (_, _) =>
        {
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            return Task.CompletedTask;
        };
        before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var (peer, since) in peers)
            peer.Send($$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[{{Resume(since, "a")}}]},"tunnel":1}""");
        writer.Send("""{"type":"REQUEST","cmd":"PUT","path":"/app/items/other","arg":{"insert":[{"id":"1"}]},"tunnel":2}""");
        host.Thread.Run();

        Assert.InRange(allocated, 1, 3 * (new Limits().TurnTextBytes + (2 * Revisions * 20_000 / 2)));
        foreach (var (peer, since) in peers)
        {
            var message = JsonNode.Parse(peer.ReadRaw()[^1])!;
            Assert.Equal((since, Revisions), ((int)message["prev"]!, (int)message["rev"]!));
        }
    }

    [Fact]
    public void WhoIsFarBehindGetsTheSharedWhole()
    {
        using var host = Host(itemBytes: 1_000);
        var frames = new List<Frame>();
        foreach (var since in new[] { 20, 10, 40, 30 })
        {
            var peer = Peer(host, 1 << 20);
            peer.Send($$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[{{Resume(since, "a")}}]},"tunnel":1}""");
            host.Thread.Run();
            frames.Add(peer.TakeFrames()[^1]);
        }
        Assert.All(frames, frame => Assert.Contains("\"reset\":true", Encoding.UTF8.GetString(frame.Head.Span), StringComparison.Ordinal));
        Assert.All(frames, frame => Assert.Same(Body(frames[0]), Body(frame)));
    }

    [Fact]
    public void AClosedConnectionIsNotReadyForATextThatWouldBeMadeForIt()
    {
        var outbox = new Outbox(1 << 20);
        var request = new SubscriptionRequest { Name = new("/app/items/a", null), Options = SubscriptionOptions.None };
        var follower = new SocketFollower(request, SharedState.Host.Access.Rights.All, new(null!), outbox);
        Assert.True(follower.IsReady());
        outbox.Close(null);
        Assert.False(follower.IsReady());
    }

    private static string Resume(int since, string name) => $$"""["/app/items/a",{"since":{{since}},"epoch":"e1","as":"{{name}}"}]""";

    private static ModelPeer Peer(ModelHost host, int outboxBytes) => new(host, new(new(), []), outboxBytes);

    private static byte[] Body(Frame frame) => MemoryMarshal.TryGetArray(frame.Body, out var body) ? body.Array! : [];

    /// <summary>A host with a collection in memory that has an item for each revision.</summary>
    private ModelHost Host(int itemBytes)
    {
        var text = new string('x', itemBytes);
        for (var id = 0; id < Revisions; id++)
        {
            var json = Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","text":"{{text}}"}""");
            _storage.CommitElsewhere(new() { Key = new("app", "a"), Insert = [new($"{id}", json)] });
        }
        var host = new ModelHost(new() { ["items"] = _storage, ["other"] = new() }, new());
        var reader = Peer(host, 1 << 20);
        reader.Send("""{"type":"REQUEST","cmd":"GET","path":"/app/items/a","tunnel":1}""");
        host.Thread.Run();
        return host;
    }
}

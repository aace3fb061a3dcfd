using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G8 and G11 for one connection with many requests in flight: when they are answered, and what their replies hold.</summary>
public sealed class PipelineTests
{
    private const string Path = "/app/items/a";

    [Fact]
    public void WhoReadsNothingHoldsOneSnapshotHoweverManyItAsksFor()
    {
        const int Pairs = 32, OutboxBytes = 64 << 10, ItemBytes = 300_000;
        using var host = new ModelHost(new() { ["items"] = new(), ["other"] = new() }, new());
        var peer = new ModelPeer(host, new(new(), []), OutboxBytes);
        for (var pair = 0; pair < Pairs; pair++)
        {
            peer.Send(Put(2 * pair, Path, ModelHistory.Item("1", pair, ItemBytes)));
            peer.Send(Get((2 * pair) + 1, pair % 4 == 3 ? "/app/items" : Path));
        }
        host.Thread.Run();

        Assert.InRange(peer.HeldBytes, ItemBytes, ItemBytes + OutboxBytes + 1_000);
        var replies = peer.ReadRaw().ConvertAll(bytes => JsonNode.Parse(bytes)!);
        Assert.Equal(Enumerable.Range(0, 2 * Pairs), replies.Select(reply => (int)reply["tunnel"]!));
        for (var pair = 0; pair < Pairs; pair++)
        {
            if (pair % 4 != 3) Assert.Equal(pair + 1, (int)replies[(2 * pair) + 1]["rev"]!);
        }
        Assert.Equal(0, peer.HeldBytes);
    }

    [Fact]
    public void TunnelsCountAmongTheBytesInFlight()
    {
        var storage = new MemoryStorage();
        var never = new TaskCompletionSource();
        var limits = new Limits { MessageBytes = 100_000, TunnelBytes = 100_000 };
        using var host = new ModelHost(new() { ["items"] = storage, ["other"] = new() }, limits);
        var peer = new ModelPeer(host, new(new(), []), 64 << 10);
        peer.Send(Put(0, Path, """{"id":"1"}"""));
        host.Thread.Run();
        storage.BeforeCommit = (_, _) => never.Task;
        for (var index = 0; index < 20; index++) peer.Send(Put($"\"{new string('t', 60_000)}\"", Path, """{"id":"1"}"""));
        host.Thread.Run();
        Assert.InRange(peer.NotRead, 17, 19);
        never.SetResult();
        host.Thread.Run();
    }

    [Fact]
    public void EachIsAnsweredWithinTenSecondsOfItsOwnArrivalWhileStorageFailsSlowly()
    {
        const int Pairs = 6;
        var storage = new MemoryStorage();
        using var host = new ModelHost(new() { ["items"] = storage, ["other"] = new() }, new());
        var peer = new ModelPeer(host, new(new(), []), 1 << 20);
        peer.Send(Put(-1, "/app/items/x", """{"id":"1"}"""));
        host.Thread.Run();
        Assert.Single(peer.ReadRaw());
        storage.BeforeCommit = async (_, _) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(5), host.Time, CancellationToken.None);
            throw new ItemServiceException(ItemServiceFault.Unavailable, "away");
        };
        for (var pair = 0; pair < Pairs; pair++)
        {
            peer.Send(Put(2 * pair, "/app/items/x", """{"id":"2"}"""));
            peer.Send(Get((2 * pair) + 1, "/clock"));
        }
        var replies = new List<JsonNode>();
        for (var waited = TimeSpan.Zero; waited < TimeSpan.FromSeconds(10); waited += TimeSpan.FromMilliseconds(250))
        {
            host.Advance(TimeSpan.FromMilliseconds(250));
            replies.AddRange(peer.ReadRaw().Select(bytes => JsonNode.Parse(bytes)!));
        }
        Assert.Equal(Enumerable.Range(0, 2 * Pairs), replies.Select(reply => (int)reply["tunnel"]!));
        Assert.All(replies, reply => Assert.Equal((int)reply["tunnel"]! % 2 == 1, (bool)reply["ok"]!));
        Assert.All(
            replies.Where(reply => !(bool)reply["ok"]!),
            reply => Assert.Contains((string?)reply["error"]!["code"], new[] { "unavailable", "unknown" }));
        Assert.Equal(1, storage.Read(new("app", "x")).Position.Revision);

        storage.BeforeCommit = null;
        host.Advance(TimeSpan.FromSeconds(5)); // the commit that was given up on ends
        peer.Send(Put(99, "/app/items/x", """{"id":"3"}"""));
        host.Advance(TimeSpan.FromSeconds(1));
        Assert.True((bool)JsonNode.Parse(Assert.Single(peer.ReadRaw()))!["ok"]!);
    }

    private static string Put(int tunnel, string path, string item) => Put($"{tunnel}", path, item);

    private static string Put(string tunnel, string path, string item) =>
        $$"""{"type":"REQUEST","cmd":"PUT","path":"{{path}}","arg":{"insert":[{{item}}]},"tunnel":{{tunnel}}}""";

    private static string Get(int tunnel, string path) => $$"""{"type":"REQUEST","cmd":"GET","path":"{{path}}","tunnel":{{tunnel}}}""";
}

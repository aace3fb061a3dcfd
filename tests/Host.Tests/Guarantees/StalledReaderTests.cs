using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G11: clients that stop reading cost a bounded memory, delay nobody, and end in the right state if they read again.</summary>
[Collection(Alone.Name)]
public sealed class StalledReaderTests
{
    private const string Path = "/app/items/a";

    [Fact]
    public void HundredsThatStopReadingHoldNoMoreThanTheirOutboxesAndCatchUpWithOneMergedDifference()
    {
        const int OutboxBytes = 8 << 10, LargestFrame = 16 << 10;
        var (peerCount, updates) = (Setting.Number("SHAREDSTATE_PEERS", 300), Setting.Number("SHAREDSTATE_UPDATES", 3_000));
        var history = new ModelHistory();
        var storage = new MemoryStorage();
        history.Watch("items", storage);
        using var host = new ModelHost(new() { ["items"] = storage, ["other"] = new() }, new() { OutboxBytes = OutboxBytes });
        var peers = Enumerable.Range(0, peerCount).Select(_ => new ModelPeer(host, new(history, []), OutboxBytes)).ToArray();
        var writer = new ModelPeer(host, new(history, []), OutboxBytes);
        foreach (var peer in peers.Append(writer))
            peer.Send(peer.Client.Subscribe(Path));
        host.Thread.Run();
        writer.Read(int.MaxValue);
        storage.Applied = null; // the whole history would be what is measured

        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var mark = 1; mark <= updates; mark++)
        {
            var item = ModelHistory.Item($"k{mark % 40}", mark, 250);
            writer.Send($$"""{"type":"REQUEST","cmd":"PUT","path":"{{Path}}","arg":{"insert":[{{item}}]},"tunnel":{{mark}}}""");
            host.Thread.Run();
            writer.ReadRaw();
        }
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;

        Assert.All(peers, peer => Assert.InRange(peer.HeldBytes, 1, OutboxBytes + LargestFrame));
        Assert.True(
            grown < Math.Max(16 << 20, 2L * peerCount * (OutboxBytes + LargestFrame)),
            $"{peerCount} clients that do not read hold {grown} bytes");
        foreach (var peer in peers)
        {
            var last = peer.ReadRaw();
            Assert.InRange(last.Count, 2, 60);
            var merged = JsonNode.Parse(last[^1])!;
            Assert.Equal(updates, (int)merged["rev"]!);
            Assert.True((int)merged["prev"]! < updates - (updates / 3), "not merged");
            Assert.Equal(40, merged["data"]!["insert"]!.AsArray().Count);
            Assert.Equal(0, peer.HeldBytes);
        }
    }

    [Fact]
    public async Task WhoStopsReadingIsClosedAfterTheStalledTimeAndOthersGoOn()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { OutboxBytes = 32 << 10, StalledTime = TimeSpan.FromSeconds(1) });
        await using var stalled = await Client.ConnectAsync(host.Url);
        await using var writer = await Client.ConnectAsync(host.Url);
        await using var reader = await Client.ConnectAsync(host.Url);
        await stalled.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        await reader.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        await reader.NotificationAsync();
        var revision = 0;
        await Wait.UntilAsync(
            async () =>
            {
                await writer.PutAsync(Path, Large(++revision));
                Assert.Equal(revision, (int)(await reader.NotificationAsync())["rev"]!);
                return host.Connections == 2;
            },
            "the stalled connection is closed");
        Assert.True((bool)(await writer.GetAsync("/clock"))["ok"]!);
    }

    [Fact]
    public async Task WhoReadsAgainIsBroughtToTheStateByFewFrames()
    {
        const int Updates = 120;
        await using var host = await LiveHost.StartAsync(limits: new() { OutboxBytes = 32 << 10 });
        await using var stalled = await Client.ConnectAsync(host.Url);
        await using var writer = await Client.ConnectAsync(host.Url);
        await stalled.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        for (var revision = 1; revision <= Updates; revision++) await writer.PutAsync(Path, Large(revision));

        var (frames, at) = (0, 0);
        for (; at < Updates; frames++)
        {
            var message = await stalled.NotificationAsync();
            Assert.True((bool)message["data"]!["reset"]! || (int)message["prev"]! <= at, message["prev"]?.ToJsonString());
            at = (int)message["rev"]!;
            if (at > 0) Assert.Equal(at, (int)message["data"]!["insert"]!.AsArray()[^1]!["v"]!);
        }
        Assert.InRange(frames, 2, Updates - 20); // the rest is what the system's own socket buffers took
    }

    private static string Large(int revision) => $$"""{"insert":[{"id":"1","v":{{revision}},"x":"{{new string('x', 200_000)}}"}]}""";
}

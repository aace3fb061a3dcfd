using System.Buffers;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G4, G8, G15 where a connection's requests meet several services, and where the writer's loop meets what it should
/// not.</summary>
public sealed class OrderTests
{
    [Fact]
    public async Task RequestsThatAlternateBetweenServicesReachTheirOwnInOrder()
    {
        var rounds = Setting.Number("SHAREDSTATE_ROUNDS", 300);
        await using var host = await LiveHost.StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        for (var round = 0; round < rounds; round++)
        {
            var service = round % 2 == 0 ? "items" : "other";
            await client.SendAsync(
                $$"""{"type":"REQUEST","cmd":"PUT","path":"/app/{{service}}/{{round / 20}}","arg":{"insert":[{"id":"1","s":"{{service}}","v":{{round}}}]},"tunnel":{{2 * round}}}"""
            );
            await client.SendAsync(
                $$"""{"type":"REQUEST","cmd":"GET","path":"/app/{{service}}/{{round / 20}}","tunnel":{{(2 * round) + 1}}}""");
        }
        for (var round = 0; round < rounds; round++)
        {
            Assert.Equal(2 * round, (int)(await client.ReceiveAsync())["tunnel"]!);
            var read = await client.ReceiveAsync();
            Assert.Equal((2 * round) + 1, (int)read["tunnel"]!);
            Assert.Equal((round % 2 == 0 ? "items" : "other", round), ((string?)read["data"]![0]!["s"], (int)read["data"]![0]!["v"]!));
        }
    }

    [Fact]
    public async Task ARefusalDoesNotOvertakeTheReplyBeforeIt()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage, limits: new() { CollectionItems = 1 });
        await using var client = await Client.ConnectAsync(host.Url);
        foreach (var path in (string[])["/app/items/a", "/app/items/b"]) await client.PutAsync(path, """{"insert":[{"id":"1"}]}""");
        TaskCompletionSource begun = new(), release = new();
        storage.BeforeCommit = (_, _) =>
        {
            begun.TrySetResult();
            return release.Task;
        };
        await client.SendAsync("""{"type":"REQUEST","cmd":"PUT","path":"/app/items/a","arg":{"insert":[{"id":"1"}]},"tunnel":1}""");
        await client.SendAsync("""{"type":"REQUEST","cmd":"PUT","path":"/app/items/b","arg":{"insert":[{"id":"2"}]},"tunnel":2}""");
        await begun.Task;
        await using var other = await Client.ConnectAsync(host.Url);
        // B is decided by now.
        Assert.Equal("limit", (string?)(await other.PutAsync("/app/items/b", """{"insert":[{"id":"2"}]}"""))["error"]!["code"]);
        release.SetResult();
        Assert.True((bool)(await client.ReceiveAsync())["ok"]!);
        Assert.Equal("limit", (string?)(await client.ReceiveAsync())["error"]!["code"]);
    }

    [Fact]
    public async Task AFailureIsConfinedToItsCollectionWhichIsReadAgainAndSentWhole()
    {
        var (storage, logger) = (new MemoryStorage(), new CountingLogger());
        await using var host = await LiveHost.StartAsync(storage, logger: logger);
        await using var client = await Client.ConnectAsync(host.Url);
        await using var follower = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/app/items/good", """{"insert":[{"id":"1"}]}""");
        await follower.PutAsync("/subs", """{"insert":[["/app/items/good",{}]]}""");
        await follower.NotificationAsync();

        storage.Loaded = stored => new(new(stored.Position.Epoch, 1), [new("1", new Poison().Memory, 1)]);
        var reply = await client.GetAsync("/app/items/bad");
        Assert.Equal("internal", (string?)reply["error"]!["code"]);
        Assert.True((bool)(await client.GetAsync("/clock"))["ok"]!);
        await follower.PutAsync("/subs", """{"reset":false,"insert":[["/app/items/bad",{}]]}""");
        storage.Loaded = null;

        // The other collection goes on as if nothing had happened.
        Assert.True((bool)(await client.PutAsync("/app/items/good", """{"insert":[{"id":"2"}]}"""))["ok"]!);
        var change = await follower.NotificationAsync();
        Assert.Equal(("/app/items/good", false), ((string)change["path"]!, (bool)change["data"]!["reset"]!));
        Assert.True(logger.Count(2114) >= 1);
        Assert.Equal(0, logger.Count(2107));

        var whole = await follower.NotificationAsync();
        Assert.Equal(("/app/items/bad", true), ((string)whole["path"]!, (bool)whole["data"]!["reset"]!));
        Assert.True((bool)(await client.GetAsync("/app/items/bad"))["ok"]!);
    }

    /// <summary>Memory that cannot be read.</summary>
    private sealed class Poison : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(2);

        public override Span<byte> GetSpan() => throw new InvalidOperationException("unmapped");

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}

using System.Diagnostics;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G8, G9, G12, G14: storage that is away, hangs, or does not say what became of a commit; and plugins with bugs.</summary>
public sealed class OutageTests
{
    private const string Path = "/app/items/a";

    private static readonly Limits Quick = new() { StorageTime = TimeSpan.FromMilliseconds(300) };

    [Fact]
    public Task WhileStorageIsAwayReadsGoOnAndItRecoversByItself() =>
        Setting.RepeatAsync(WhileStorageIsAwayReadsGoOnAndItRecoversByItselfOnceAsync);

    private static async Task WhileStorageIsAwayReadsGoOnAndItRecoversByItselfOnceAsync()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        await using var late = await Client.ConnectAsync(host.Url);
        await client.PutAsync(Path, """{"insert":[{"id":"1"}]}""");

        storage.BeforeCommit = (_, _) => throw new ItemServiceException(ItemServiceFault.Unavailable, "away");
        storage.BeforeLoad = (_, _) => throw new ItemServiceException(ItemServiceFault.Unavailable, "away");
        var refused = await client.PutAsync(Path, """{"insert":[{"id":"2"}]}""");
        Assert.Equal("unavailable", (string?)refused["error"]!["code"]);
        Assert.True((bool)refused["error"]!["temporary"]!);
        Assert.Single((await client.GetAsync(Path))["data"]!.AsArray());
        Assert.Equal("unavailable", (string?)(await client.GetAsync("/app/items/unread"))["error"]!["code"]);
        Assert.True((bool)(await client.GetAsync("/clock"))["ok"]!);
        Assert.True((bool)(await late.PutAsync("/subs", """{"insert":[["/app/items/unread",{}]]}"""))["ok"]!);

        (storage.BeforeCommit, storage.BeforeLoad) = (null, null);
        Assert.True((bool)(await late.NotificationAsync())["data"]!["reset"]!);
        Assert.True((bool)(await client.PutAsync(Path, """{"insert":[{"id":"2"}]}"""))["ok"]!);
        Assert.Equal(2, host.Connections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnInstanceThatSaysThatItIsBrokenIsReplacedByANewOne(bool atCommit)
    {
        var storage = new MemoryStorage();
        var (instances, brokenInstance) = (0, 0);
        storage.AtCreate = () => instances++;
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync(Path, """{"insert":[{"id":"1"}]}""");
        brokenInstance = instances;
        Task Fail() => instances == brokenInstance
            ? throw new ItemServiceException(ItemServiceFault.Unavailable, "the pool is gone") { InstanceBroken = true }
            : Task.CompletedTask;
        if (atCommit) storage.BeforeCommit = (_, _) => Fail();
        else storage.BeforeLoad = (_, _) => Fail();

        // The call that failed is answered as such; later ones go to the new instance, and the client's connection stays.
        var path = atCommit ? Path : "/app/items/unread";
        var refused = await client.PutAsync(path, """{"insert":[{"id":"2"}]}""");
        Assert.Equal("unavailable", (string?)refused["error"]!["code"]);
        await Wait.UntilAsync(async () => (bool)(await client.PutAsync(path, """{"insert":[{"id":"2"}]}"""))["ok"]!, "stored again");
        Assert.Equal(brokenInstance + 1, instances);
        Assert.Equal(atCommit ? 2 : 1, (await client.GetAsync(path))["data"]!.AsArray().Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnUnknownOutcomeIsReadAgainAndToldAsItIs(bool applied)
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        await using var follower = await Client.ConnectAsync(host.Url);
        await client.PutAsync(Path, """{"insert":[{"id":"1"}]}""");
        await follower.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        await follower.NotificationAsync();

        var loads = storage.Loads;
        var lost = new ItemServiceException(ItemServiceFault.OutcomeUnknown, "lost");
        if (applied) storage.AfterCommit = _ => throw lost;
        else storage.BeforeCommit = (_, _) => throw lost;
        var reply = await client.PutAsync(Path, """{"insert":[{"id":"2"}]}""");
        Assert.Equal(applied ? "unknown" : "unavailable", (string?)reply["error"]!["code"]);
        Assert.True(storage.Loads > loads, "not read again");
        Assert.Equal(applied ? 2 : 1, (await client.GetAsync(Path))["data"]!.AsArray().Count);
        if (applied) Assert.Equal("2", (string?)(await follower.NotificationAsync())["data"]!["insert"]![0]!["id"]);
        (storage.BeforeCommit, storage.AfterCommit) = (null, null);
        Assert.True((bool)(await client.PutAsync(Path, """{"insert":[{"id":"3"}]}"""))["ok"]!);
        Assert.Equal("3", (string?)(await follower.NotificationAsync())["data"]!["insert"]![0]!["id"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EveryRequestIsAnsweredOnceWhileStorageHangs(bool blocksItsThread)
    {
        using var hang = new ManualResetEventSlim();
        var release = new TaskCompletionSource();
        var storage = new MemoryStorage();
        await using (var host = await LiveHost.StartAsync(storage, limits: Quick))
        {
            await using var client = await Client.ConnectAsync(host.Url);
            await client.PutAsync(Path, """{"insert":[{"id":"1"}]}""");
            storage.BeforeCommit = (_, _) => Hang();
            storage.BeforeLoad = (_, _) => Hang();
            var clock = Stopwatch.StartNew();
            for (var tunnel = 0; tunnel < 40; tunnel++)
            {
                var request = (tunnel % 4) switch
                {
                    0 => $$"""PUT","path":"{{Path}}","arg":{"insert":[{"id":"2"}]}""",
                    1 => $$"""GET","path":"{{Path}}" """,
                    2 => $$"""PUT","path":"/app/items/new{{tunnel}}","arg":{"insert":[{"id":"2"}]}""",
                    _ => """GET","path":"/clock" """,
                };
                await client.SendAsync($$"""{"type":"REQUEST","tunnel":{{tunnel}},"cmd":"{{request}}}""");
            }
            for (var tunnel = 0; tunnel < 40; tunnel++) Assert.Equal(tunnel, (int)(await client.ReceiveAsync())["tunnel"]!);
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"answered after {clock.Elapsed}");

            hang.Set();
            release.SetResult();
            (storage.BeforeCommit, storage.BeforeLoad) = (null, null);
            await Wait.UntilAsync(
                async () => (bool)(await client.PutAsync(Path, """{"insert":[{"id":"3"}]}"""))["ok"]!, "the service recovers");
        }

        Task Hang()
        {
            if (!blocksItsThread) return release.Task;
            hang.Wait(CancellationToken.None);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task AHangingServiceOrCollectionDelaysNoOther()
    {
        using var hang = new ManualResetEventSlim();
        var storage = new MemoryStorage();
        await using (var host = await LiveHost.StartAsync(storage))
        {
            await using var victim = await Client.ConnectAsync(host.Url);
            await using var probe = await Client.ConnectAsync(host.Url);
            await probe.PutAsync(Path, """{"insert":[{"id":"1"}]}""");
            storage.BeforeLoad = (key, _) =>
            {
                if (key.Collection == "slow") hang.Wait(CancellationToken.None);
                return Task.CompletedTask;
            };
            await victim.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/app/items/slow","tunnel":"slow"}""");
            Assert.True((bool)(await probe.PutAsync(Path, """{"insert":[{"id":"2"}]}"""))["ok"]!);
            Assert.True((bool)(await probe.GetAsync("/app/items/another"))["ok"]!);

            storage.BeforeCommit = (_, _) =>
            {
                hang.Wait(CancellationToken.None);
                return Task.CompletedTask;
            };
            await using var writer = await Client.ConnectAsync(host.Url);
            await writer.SendAsync($$"""{"type":"REQUEST","cmd":"PUT","path":"{{Path}}","arg":{"insert":[{"id":"3"}]},"tunnel":1}""");
            Assert.True((bool)(await probe.PutAsync("/app/other/a", """{"insert":[{"id":"1"}]}"""))["ok"]!);
            Assert.Equal(2, (await probe.GetAsync(Path))["data"]!.AsArray().Count);
            Assert.True((bool)(await probe.GetAsync("/clock"))["ok"]!);

            hang.Set();
            Assert.True((bool)(await writer.ReceiveAsync())["ok"]!);
            Assert.True((bool)(await victim.ReceiveAsync())["ok"]!);
        }
    }

    public static TheoryData<string> Bugs =>
    [
        "no results", "too many results", "a conflict", "a wrong revision", "another epoch", "null results",
        "null", "no epoch", "an id twice", "an item without content", "a load that throws", "a commit that throws",
    ];

    [Theory]
    [MemberData(nameof(Bugs))]
    public async Task APluginWithABugTakesOnlyItsOwnServiceDownAndOnlyWhileItLasts(string bug)
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage, limits: new() { CollectionIdleTime = TimeSpan.FromMilliseconds(40) });
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync(Path, """{"insert":[{"id":"1"}]}""");
        BreakBy(bug, storage);

        var reply = await client.PutAsync(Path, """{"insert":[{"id":"2"}]}""");
        if (reply["error"] is { } error) Assert.Contains((string?)error["code"], new[] { "unavailable", "unknown" });
        await client.PutAsync("/app/items/new", """{"insert":[{"id":"2"}]}""");
        Assert.True((bool)(await client.PutAsync("/app/other/a", """{"insert":[{"id":"1"}]}"""))["ok"]!);

        (storage.Results, storage.Loaded, storage.BeforeLoad, storage.BeforeCommit) = (null, null, null, null);
        await Wait.UntilAsync(async () => (bool)(await client.PutAsync(Path, """{"insert":[{"id":"3"}]}"""))["ok"]!, "the service is back");
        Assert.Equal(storage.Read(new("app", "a")).Items.Count, (await client.GetAsync(Path))["data"]!.AsArray().Count);
    }

    private static void BreakBy(string bug, MemoryStorage storage)
    {
        var item = new StoredItem("x", "{}"u8.ToArray(), 1);
        storage.Results = bug switch
        {
            "no results" => _ => [],
            "too many results" => results => [.. results, .. results],
            "a conflict" => results => [.. results.Select(result => result with { Status = CommitStatus.Conflict })],
            "a wrong revision" => results =>
                [.. results.Select(result => result with { Position = result.Position with { Revision = 77 } })],
            "another epoch" => results => [.. results.Select(result => result with { Position = result.Position with { Epoch = "e9" } })],
            "null results" => _ => null!,
            _ => null,
        };
        storage.Loaded = bug switch
        {
            "null" => _ => null!,
            "no epoch" => _ => new(default, []),
            "an id twice" => _ => new(new("e1", 1), [item, item]),
            "an item without content" => _ => new(new("e1", 1), [default]),
            _ => null,
        };
        if (bug == "a load that throws") storage.BeforeLoad = (_, _) => throw new InvalidOperationException(bug);
        if (bug == "a commit that throws") storage.BeforeCommit = (_, _) => throw new InvalidOperationException(bug);
    }
}

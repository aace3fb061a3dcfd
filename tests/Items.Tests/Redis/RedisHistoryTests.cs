using Xunit;

namespace SharedState.Items.Tests;

/// <summary>Revisions of one epoch have one history: a storage that lost or replaced its own gets another epoch.</summary>
public sealed class RedisHistoryTests : RedisTests
{
    [RedisFact]
    public async Task AnEmptiedStorageIsANewEpochForReadsAndForCommits()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        await InsertAsync(service, "a");
        var before = await InsertAsync(service, "b");
        await server.ExecuteAsync("FLUSHALL");
        var emptied = await LoadAsync(service);
        Assert.NotEqual(before.Epoch, emptied.Position.Epoch);
        Assert.Equal(0, emptied.Position.Revision);
        var line = Assert.Single(Log.Of(HistoryReplaced));
        Assert.Contains("2 commits", line);
        Assert.Contains("lost", line);

        Assert.Equal(emptied.Position with { Revision = 1 }, await InsertAsync(service, "c"));
        await server.ExecuteAsync("FLUSHALL");
        var third = await InsertAsync(service, "d");
        Assert.Equal(1, third.Revision);
        Assert.NotEqual(emptied.Position.Epoch, third.Epoch);
        Assert.Equal(["d"], await IdsAsync(service));
    }

    [RedisFact]
    public async Task ARestoredOlderCopyIsANewEpochBeforeAnythingIsWrittenToIt()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        await InsertAsync(service, "a");
        var copy = await server.CopyAsync();
        var lost = await InsertAsync(service, "b");
        await server.RestoreAsync(copy);

        // The same revision as the lost one: without another epoch a client that has that one would miss this one.
        var commit = default(Position);
        await UntilAsync(async () => (commit = await InsertAsync(service, "c")).Revision > 0, "it is back");
        Assert.Equal(lost.Revision, commit.Revision);
        Assert.NotEqual(lost.Epoch, commit.Epoch);
        Assert.Equal(["a", "c"], await IdsAsync(service));
        Assert.Contains("1 commits", Assert.Single(Log.Of(HistoryReplaced)));

        // Who comes later finds the new epoch.
        Assert.Equal(commit, (await LoadAsync(await OpenAsync(server))).Position);
    }

    [RedisFact]
    public async Task ACommitThatExpectsTheLostHistoryIsAConflict()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        var before = await InsertAsync(service, "a");
        await server.ExecuteAsync("FLUSHALL");
        var result = await CommitAsync(service, new ItemUpdate { Key = Key, Insert = [NewItem("b")], Expected = before });
        Assert.Equal(CommitStatus.Conflict, result.Status);
        Assert.Empty(await IdsAsync(service));
    }

    [RedisFact]
    public async Task AnotherHostLearnsOfTheNewEpoch()
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server), await OpenAsync(server));
        await InsertAsync(one, "a");
        await LoadAsync(two);
        await server.ExecuteAsync("FLUSHALL");
        var position = await InsertAsync(one, "b");
        Assert.Equal(position, (await LoadAsync(two)).Position);
        Assert.Single(Log.Of(HistoryReplaced));
        Assert.Single(Log.Of(EpochChanged));
    }

    [RedisFact]
    public async Task AFailoverToAReplicaThatWasBehindIsANewEpoch()
    {
        var server = await StartAsync();
        var replica = await StartAsync();
        var relay = new Relay(server.Port);
        using (relay)
        {
            await replica.ExecuteAsync("REPLICAOF", "127.0.0.1", $"{relay.Port}");
            var config = server.Config();
            config["db_host"] = $"127.0.0.1:{server.Port}, 127.0.0.1:{replica.Port}";
            var service = await OpenAsync(config);
            var first = await InsertAsync(service, "a");
            await UntilAsync(
                async () => await replica.Database.KeyExistsAsync(new SharedState.Items.Redis.Layout("items").Of(Key).Meta),
                "the replica has it");
            await replica.ExecuteAsync("REPLICAOF", "127.0.0.1", "1"); // it hears nothing any more
            var lost = await InsertAsync(service, "b");

            await server.KillAsync();
            await replica.ExecuteAsync("REPLICAOF", "NO", "ONE");
            var after = default(Position);
            await UntilAsync(async () => (after = (await LoadAsync(service)).Position).Epoch.Length > 0, "the replica serves");
            Assert.Equal(first.Epoch, lost.Epoch);
            Assert.Equal(first.Revision, after.Revision);
            Assert.NotEqual(lost.Epoch, after.Epoch);
            Assert.Contains("1 commits", Assert.Single(Log.Of(HistoryReplaced)));
        }
    }

    [RedisFact]
    public async Task AFailoverIsANewEpochAlsoForWhoSawNoMoreThanTheReplica()
    {
        var server = await StartAsync();
        var replica = await StartAsync();
        await replica.ExecuteAsync("REPLICAOF", "127.0.0.1", server.Port);
        var config = server.Config();
        config["db_host"] = $"127.0.0.1:{server.Port}, 127.0.0.1:{replica.Port}";
        var (one, two) = (await OpenAsync(config), await OpenAsync(config));
        var first = await InsertAsync(one, "a");
        Assert.Equal(first, (await LoadAsync(two)).Position);
        await UntilAsync(
            async () => await replica.Database.KeyExistsAsync(new SharedState.Items.Redis.Layout("items").Of(Key).Meta),
            "the replica has it");
        await replica.ExecuteAsync("REPLICAOF", "127.0.0.1", "1"); // it hears nothing any more
        var lost = await InsertAsync(one, "b");
        await server.KillAsync();
        await replica.ExecuteAsync("REPLICAOF", "NO", "ONE");

        // The clients of one host have the lost revision; those of the other must not get another one of that name.
        var after = default(Position);
        await UntilAsync(async () => (after = await InsertAsync(two, "c")).Revision > 0, "the replica serves");
        Assert.Equal(lost.Revision, after.Revision);
        Assert.NotEqual(lost.Epoch, after.Epoch);
        Assert.Single(Log.Of(HistoryBranched));

        // Once.
        Assert.Equal(after with { Revision = after.Revision + 1 }, await InsertAsync(one, "d"));
        Assert.Equal(["a", "c", "d"], await IdsAsync(two));
    }

    [RedisFact]
    public async Task AnOlderCopyIsANewEpochOfAllCollectionsForWhoSawAnyCommitThatItLacks()
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server), await OpenAsync(server));
        var layout = new SharedState.Items.Redis.Layout("items");
        var other = Enumerable.Range(0, 100).Select(n => new CollectionKey("app", $"{n}"))
            .First(key => layout.Of(key).Bucket != layout.Of(Key).Bucket && layout.Of(key).Bucket != layout.All[0]);
        await InsertAsync(one, "a");
        await LoadAsync(two);
        var copy = await server.CopyAsync();
        var lost = await InsertAsync(one, "b");

        // The second host sees nothing of that bucket, but knows by its own commit to another one that more was stored.
        await CommitAsync(two, new ItemUpdate { Key = other, Insert = [NewItem("x")] });
        await server.RestoreAsync(copy);
        var after = default(Position);
        await UntilAsync(async () => (after = await InsertAsync(two, "c")).Revision > 0, "it is back");
        Assert.Equal(lost.Revision, after.Revision);
        Assert.NotEqual(lost.Epoch, after.Epoch);
    }

    [RedisFact]
    public async Task ARestartThatLosesNothingKeepsTheEpoch()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        var before = await InsertAsync(service, "a");
        await server.KillAsync();
        await server.StartAgainAsync();
        await UntilAsync(async () => (await LoadAsync(service)).Position == before, "it is back");
        Assert.Equal(before with { Revision = 2 }, await InsertAsync(service, "b"));
        Assert.Empty(Log.Of(HistoryReplaced));
    }
}

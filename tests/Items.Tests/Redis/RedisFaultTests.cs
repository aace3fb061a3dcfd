using System.Diagnostics;
using SharedState.Items.Redis;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>What happens to a Redis while a service is open: it forgets, fills up, refuses, is killed, is suspended.</summary>
public sealed class RedisFaultTests : RedisTests
{
    [RedisFact]
    public async Task ScriptsThatRedisForgotAreSentAgain()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        await InsertAsync(service, "a");
        await server.ExecuteAsync("SCRIPT", "FLUSH");
        Assert.Equal(2, (await InsertAsync(service, "b")).Revision);
        Assert.Equal(["a", "b"], await IdsAsync(service));
    }

    [RedisFact]
    public async Task AFullMemoryRefusesTheWholeBatchAndHealsByItself()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        var position = await InsertAsync(service, "a");
        await server.ExecuteAsync("CONFIG", "SET", "maxmemory", "1mb");

        ItemUpdate[] batch = [new() { Key = Key, Remove = ["a"] }, new() { Key = Key, Insert = [NewItem("b")] }];
        var fault = await Assert.ThrowsAsync<ItemServiceException>(() => service.CommitAsync(batch, CancellationToken.None).AsTask());
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        Assert.Contains("memory is full: raise maxmemory", fault.Message);
        Assert.Equal(position, (await LoadAsync(service)).Position);
        Assert.Equal(["a"], await IdsAsync(service));

        await server.ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
        Assert.Equal(position with { Revision = 2 }, await InsertAsync(service, "b"));
    }

    [RedisFact]
    public async Task AServerThatBecameAReplicaIsUnavailableUntilItIsAMasterAgain()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        var position = await InsertAsync(service, "a");
        await server.ExecuteAsync("REPLICAOF", "127.0.0.1", "1");
        var fault = await FaultAsync(service, "b");
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        Assert.Contains("replica", fault.Message);

        await server.ExecuteAsync("REPLICAOF", "NO", "ONE");
        var after = default(Position);
        await UntilAsync(async () => (after = await InsertAsync(service, "c")).Revision == 2, "it is written to again");
        Assert.NotEqual(position.Epoch, after.Epoch); // a replica may lack what its master had
        Assert.Equal(["a", "c"], await IdsAsync(service));
    }

    [RedisFact]
    public async Task AServerThatCantSaveIsUnavailableWithItsReason()
    {
        var server = await StartAsync("--save", "3600 1000", "--enable-protected-configs", "yes");
        var service = await OpenAsync(server);
        await InsertAsync(service, "a");
        var gone = Directory.CreateDirectory(Path.Combine(server.Folder, "gone")).FullName;
        await server.ExecuteAsync("CONFIG", "SET", "dir", gone);
        Directory.Delete(gone);
        await server.ExecuteAsync("BGSAVE");
        await UntilAsync(
            async () => (await server.Admin.InfoRawAsync("persistence"))!.Contains("rdb_last_bgsave_status:err", StringComparison.Ordinal),
            "the save fails");

        var fault = await FaultAsync(service, "b");
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        Assert.Contains("can't save to its disk", fault.Message);
        await server.ExecuteAsync("CONFIG", "SET", "dir", server.Folder);
        await server.ExecuteAsync("CONFIG", "SET", "stop-writes-on-bgsave-error", "no");
        Assert.Equal(2, (await InsertAsync(service, "b")).Revision);
    }

    [RedisFact]
    public async Task WhatWasAnsweredSurvivesAKillAndTheServiceGoesOnByItself()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        await InsertAsync(service, "a");
        await server.KillAsync();

        var asked = Stopwatch.StartNew();
        var fault = await FaultAsync(service, "b");
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        Assert.True(asked.Elapsed < TimeSpan.FromSeconds(3), $"what can't be sent is refused soon, not after {asked.Elapsed}");
        await Assert.ThrowsAsync<ItemServiceException>(() => LoadAsync(service));

        await server.StartAgainAsync();
        await UntilAsync(async () => (await InsertAsync(service, "c")).Revision == 2, "it goes on");
        Assert.Equal(["a", "c"], await IdsAsync(service));
        Assert.Empty(Log.Of(HistoryReplaced));
    }

    [RedisFact]
    public async Task AServerThatReadsItsDataIsUnavailableUntilItHasThem()
    {
        var server = await StartAsync("--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024");
        var service = await OpenAsync(server, options => options with { ReconnectTime = TimeSpan.FromMilliseconds(100) });
        await service.CommitAsync(
            [.. Enumerable.Range(0, 300).Select(n => new ItemUpdate { Key = new("app", $"{n}"), Insert = [NewItem("a")] })],
            CancellationToken.None);
        await server.ExecuteAsync("CONFIG", "SET", "key-load-delay", "1000");
        var starting = server.ExecuteAsync("DEBUG", "RELOAD"); // reads its data as at a start, with its connections open
        var fault = default(ItemServiceException);
        await UntilAsync(
            async () =>
            {
                fault = (ItemServiceException?)await Record.ExceptionAsync(() => InsertAsync(service, "a"));
                return fault is not null;
            },
            "it reads its data");
        Assert.Equal(ItemServiceFault.Unavailable, fault!.Fault);
        Assert.Contains("has just started and reads its data", fault.Message);
        await starting;
        await UntilAsync(async () => (await InsertAsync(service, "b")).Revision > 0, "it serves");
        Assert.Empty(Log.Of(HistoryReplaced));
    }

    [RedisFact]
    public async Task AServerThatStandsStillLeavesTheOutcomeOpenUntilItIsRead()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server, options => options with { CommitTime = TimeSpan.FromMilliseconds(500) });
        await InsertAsync(service, "a");
        await server.SignalAsync("STOP");
        var fault = await FaultAsync(service, "b");
        Assert.Equal(ItemServiceFault.OutcomeUnknown, fault.Fault);

        await server.SignalAsync("CONT");
        var collection = await LoadAsync(service);
        Assert.Equal(collection.Position.Revision + 1, (await InsertAsync(service, "c")).Revision);
        Assert.Equal([.. collection.Items.Select(item => item.Id).Order(), "c"], await IdsAsync(service));
    }

    [RedisTheory]
    [InlineData("meta")]
    [InlineData("items")]
    [InlineData("removals")]
    [InlineData("changes")]
    [InlineData("outcomes")]
    [InlineData("collections")]
    [InlineData("mark")]
    public async Task AnotherProgramsKeyIsUnusableAndNothingIsWritten(string kind)
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        // Of two collections, so that the other one could be written before the error.
        ItemUpdate[] batch = [new() { Key = new("app", "another"), Insert = [NewItem("a")] }, new() { Key = Key, Insert = [NewItem("a")] }];
        var layout = new Layout("items");
        var (first, second) = (layout.Of(batch[0].Key), layout.Of(Key));
        await server.Database.StringSetAsync(
            kind switch
            {
                "meta" => second.Meta,
                "items" => second.Items,
                "removals" => second.Removals,
                "changes" => second.Changes,
                "outcomes" => first.Bucket.Outcomes,
                "mark" => layout.All[0].Mark, // of neither's bucket: it counts the messages
                _ => second.Bucket.Index,
            },
            "of another program");
        var fault = await Assert.ThrowsAsync<ItemServiceException>(() => service.CommitAsync(batch, CancellationToken.None).AsTask());
        Assert.Equal(ItemServiceFault.Unusable, fault.Fault);
        Assert.Contains("another program", fault.Message);
        Assert.Equal(0, (await LoadAsync(service, batch[0].Key)).Position.Revision);
    }

    [RedisFact]
    public async Task MoreThanACommandCanHoldIsTooLarge()
    {
        var service = await OpenAsync(await StartAsync());
        var item = NewItem("x").Json;
        var update = new ItemUpdate { Key = Key, Insert = [.. Enumerable.Range(0, 500_001).Select(n => new Item($"{n}", item))] };
        Assert.Equal(ItemServiceFault.TooLarge, (await Assert.ThrowsAsync<ItemServiceException>(() => CommitAsync(service, update))).Fault);
        Assert.Equal(1, (await InsertAsync(service, "a")).Revision);
    }
}

using System.Diagnostics;
using SharedState;

namespace Items.Postgres.Tests;

/// <summary>What the host is told when the server refuses, waits or is in the way.</summary>
[Collection(nameof(SharedServerTests))]
public sealed class FaultTests(SharedServer shared)
{
    private readonly string _schema = $"x{Guid.NewGuid():N}";

    [Fact]
    public async Task WhatATriggerRefusesIsRejectedAndNothingOfTheBatchIsStored()
    {
        await using var service = await OpenAsync();
        await shared.Server.ExecuteAsync($"ALTER TABLE {_schema}.items ADD CHECK (id <> 'bad')");
        ItemUpdate[] batch = [Opened.Put(Opened.Key, "good"), Opened.Put(Opened.Key, "bad")];
        var e = await Assert.ThrowsAsync<ItemServiceException>(async () =>
            await service.Service.CommitAsync(batch, CancellationToken.None));
        Assert.Equal(ItemServiceFault.Rejected, e.Fault);
        Assert.Equal(0, (await service.LoadAsync()).Position.Revision);
        Assert.Equal(1, (await service.CommitAsync(batch[0])).Position.Revision);
    }

    [Fact]
    public async Task AnItemThatIsTooLargeSaysSo()
    {
        await using var service = await OpenAsync();
        var update = new ItemUpdate { Key = Opened.Key, Insert = [new Item("a", new byte[(128 << 20) + 1])] };
        Assert.Equal(ItemServiceFault.TooLarge, (await Assert.ThrowsAsync<ItemServiceException>(() => service.CommitAsync(update))).Fault);
    }

    [Fact]
    public async Task ACommitThatWaitsForAnotherHostForTooLongIsUnavailableInTime()
    {
        await using var service = await OpenAsync();
        await service.CommitAsync(Opened.Put(Opened.Key, "a"));
        await using var other = await OpenTransaction.BeginAsync(shared.Server, $"SELECT FROM {_schema}.collections FOR UPDATE");
        var clock = Stopwatch.StartNew();
        Assert.Equal(
            ItemServiceFault.Unavailable,
            (await Assert.ThrowsAsync<ItemServiceException>(() => service.CommitAsync(Opened.Put(Opened.Key, "b")))).Fault);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(8), $"took {clock.Elapsed}");
        Assert.Equal(1, (await service.LoadAsync()).Position.Revision);
        await other.CommitAsync();
        Assert.Equal(2, (await service.CommitAsync(Opened.Put(Opened.Key, "b"))).Position.Revision);
    }

    [Fact]
    public async Task ACommitThatIsCancelledWhileItWaitsIsUnavailableAndALoadIsCancelled()
    {
        await using var service = await OpenAsync();
        await service.CommitAsync(Opened.Put(Opened.Key, "a"));
        await using var other = await OpenTransaction.BeginAsync(shared.Server, $"LOCK TABLE {_schema}.collections");
        using var stop = new CancellationTokenSource();
        var commit = Assert.ThrowsAsync<ItemServiceException>(async () =>
            await service.Service.CommitAsync([Opened.Put(Opened.Key, "b")], stop.Token));
        var load = Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await service.Service.LoadAsync(Opened.Key, stop.Token));
        await Wait.UntilAsync(
            async () =>
                await shared.Server.ExecuteAsync(
                    $"SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{_schema}.collections'::regclass")
                    is 2L,
            "both wait");
        await stop.CancelAsync();
        await load;
        Assert.Equal(ItemServiceFault.Unavailable, (await commit).Fault);
        await other.CommitAsync();
        Assert.Equal(1, (await service.LoadAsync()).Position.Revision);
    }

    [Fact]
    public void ADefectOfThePluginIsNotTakenForAnOutage()
    {
        var defect = Assert.ThrowsAny<InvalidOperationException>(() => Array.Empty<int>().First());
        Assert.Same(defect, Faults.From(defect, CancellationToken.None));
        var lost = Faults.From(new Npgsql.NpgsqlException("lost"), CancellationToken.None);
        Assert.Equal(ItemServiceFault.Unavailable, Assert.IsType<ItemServiceException>(lost).Fault);
    }

    [Fact]
    public async Task ManyLoadsAtOnceLeaveRoomForCommits()
    {
        await using var service = await OpenAsync();
        await service.CommitAsync(Opened.Put(Opened.Key, [.. Enumerable.Range(0, 5000).Select(i => $"{i}")]));
        Task[] loads = [.. Enumerable.Range(0, 60).Select(_ => service.LoadAsync())];
        await service.CommitAsync(Opened.Put(Opened.Key, "a"));
        var before = loads.Count(load => load.IsCompleted);
        Assert.True(before < loads.Length, "the commit waited for all loads");
        await Task.WhenAll(loads);
    }

    private Task<Opened> OpenAsync() => Opened.OpenAsync(shared.Server.Config(_schema));
}

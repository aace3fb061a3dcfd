using System.Collections.Concurrent;
using System.Diagnostics;
using SharedState;

namespace Items.Postgres.Tests;

/// <summary>What happens when the server goes away.</summary>
public sealed class CrashTests : IAsyncLifetime
{
    private PostgresServer _server = null!;

    public async Task InitializeAsync() => _server = await PostgresServer.StartNewAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task NothingThatWasAcknowledgedIsLostWhenTheServerIsKilledInAWriteStorm()
    {
        await using var one = await Opened.OpenAsync(_server.Config("storm"));
        await using var other = await Opened.OpenAsync(_server.Config("storm"));
        var epoch = (await one.LoadAsync()).Position.Epoch;
        var acknowledged = new ConcurrentDictionary<string, long>();
        for (var round = 0; round < 3; round++)
        {
            using var end = new CancellationTokenSource();
            Task[] writers =
            [
                WriteAsync(one, $"a{round}", acknowledged, end.Token),
                WriteAsync(other, $"b{round}", acknowledged, end.Token),
            ];
            await MoreAsync(Random.Shared.Next(50, 150));
            _server.Kill();
            await _server.StartAsync();
            await MoreAsync(50);
            await end.CancelAsync();
            await Task.WhenAll(writers);

            var loaded = await one.LoadAsync();
            var there = loaded.Items.ToDictionary(i => i.Id, i => i.Revision);
            Assert.All(acknowledged, a => Assert.Equal(a.Value, there[a.Key]));
            Assert.Equal(epoch, loaded.Position.Epoch);
            Assert.Equal(loaded.Items.Count, there.Values.Distinct().Count());
        }

        Task MoreAsync(int commits)
        {
            var before = acknowledged.Count;
            return Wait.UntilAsync(() => Task.FromResult(acknowledged.Count >= before + commits), "commits");
        }
    }

    [Fact]
    public async Task AStoppedServerIsUnavailableAndAStartedOneIsUsedAgain()
    {
        await using var service = await Opened.OpenAsync(_server.Config("stopped"));
        var before = await service.CommitAsync(Opened.Put(Opened.Key, "a"));
        await using var watch = service.Service.WatchAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        await _server.StopAsync();

        var clock = Stopwatch.StartNew();
        await AssertUnavailableAsync(() => service.CommitAsync(Opened.Put(Opened.Key, "b")));
        await AssertUnavailableAsync(() => service.LoadAsync());
        await AssertUnavailableAsync(() => service.ReadAsync(before.Position));
        await AssertUnavailableAsync(async () =>
            await service.Service.ListAsync(null, CancellationToken.None).GetAsyncEnumerator().MoveNextAsync());
        await AssertUnavailableAsync(async () => await watch.MoveNextAsync());
        Assert.Equal(ItemServiceFault.Unavailable, (await Opened.FailsToOpenAsync(_server.Config("stopped"))).Fault);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(8), $"took {clock.Elapsed}");

        await _server.StartAsync();
        Assert.Equal(before.Position with { Revision = 2 }, (await service.CommitAsync(Opened.Put(Opened.Key, "b"))).Position);
        Assert.Equal(2, (await service.LoadAsync()).Items.Count);
    }

    [Fact]
    public async Task ARestartBetweenCommitsIsNotNoticed()
    {
        await using var service = await Opened.OpenAsync(_server.Config("restarted"));
        await service.CommitAsync(Opened.Put(Opened.Key, "a"));
        // Several connections that are then dead in the pool.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => service.LoadAsync()));
        await _server.StopAsync();
        await _server.StartAsync();
        Assert.Equal(2, (await service.CommitAsync(Opened.Put(Opened.Key, "b"))).Position.Revision);
        await _server.StopAsync();
        await _server.StartAsync();
        Assert.Equal(2, (await service.LoadAsync()).Items.Count);
    }

    private static async Task WriteAsync(
        Opened service, string prefix, ConcurrentDictionary<string, long> acknowledged, CancellationToken end)
    {
        for (var i = 0; !end.IsCancellationRequested; i++)
        {
            try
            {
                var id = $"{prefix}-{i}";
                acknowledged[id] = (await service.CommitAsync(Opened.Put(Opened.Key, id))).Position.Revision;
            }
            catch (ItemServiceException e) when (e.Fault is ItemServiceFault.Unavailable or ItemServiceFault.OutcomeUnknown)
            {
                await Task.Delay(20, CancellationToken.None); // as a host waits before it tries again
            }
        }
    }

    private static async Task AssertUnavailableAsync(Func<Task> call) =>
        Assert.Equal(ItemServiceFault.Unavailable, (await Assert.ThrowsAsync<ItemServiceException>(call)).Fault);
}

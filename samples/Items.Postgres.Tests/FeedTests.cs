using System.Collections.Concurrent;
using SharedState;

namespace Items.Postgres.Tests;

/// <summary>Several hosts on one database, beyond the contract's tests.</summary>
[Collection(nameof(SharedServerTests))]
public sealed class FeedTests(SharedServer shared)
{
    private readonly string _schema = $"f{Guid.NewGuid():N}";

    [Fact]
    public async Task AWatchWhoseConnectionIsCutSaysThatItMayHaveMissedSomething()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        var before = (await one.CommitAsync(Opened.Put(Opened.Key, "a"))).Position;
        await using (var watch = other.Service.WatchAsync(CancellationToken.None).GetAsyncEnumerator())
        {
            Assert.True(await watch.MoveNextAsync());
            Assert.Equal(
                1L,
                await shared.Server.ExecuteAsync(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'shared_state % feed' AND "
                        + "query LIKE '%pg_current_snapshot%'"));
            await one.CommitAsync(Opened.Put(Opened.Key, "b"));
            var e = await Assert.ThrowsAsync<ItemServiceException>(async () => { while (await watch.MoveNextAsync()) { } });
            Assert.Equal(ItemServiceFault.Unavailable, e.Fault);
        }

        await using var next = other.Service.WatchAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await next.MoveNextAsync());
        Assert.Equal(2, Assert.Single((await other.ReadAsync(before))!).Revision);
        var after = (await one.CommitAsync(Opened.Put(Opened.Key, "c"))).Position;
        Assert.Contains(new CollectionPosition(Opened.Key, after), await NextNewsAsync(next));
    }

    [Fact]
    public async Task ATimeoutOfTheRoleForIdleSessionsDoesNotEndAWatch()
    {
        await shared.Server.ExecuteAsync("ALTER ROLE CURRENT_USER SET idle_session_timeout = '100ms'");
        try
        {
            await using var other = await OpenAsync();
            await using var watch = other.Service.WatchAsync(CancellationToken.None).GetAsyncEnumerator();
            for (var lists = 0; lists < 4; lists++) Assert.True(await watch.MoveNextAsync());
        }
        finally
        {
            await shared.Server.ExecuteAsync("ALTER ROLE CURRENT_USER RESET idle_session_timeout");
        }
    }

    [Fact]
    public async Task ACommitIsHeardOfLongBeforeTheNextLookWithoutRinging()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        await using var watch = other.Service.WatchAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        var times = new List<double>();
        for (var i = 0; i < 30; i++)
        {
            var heard = NextNewsAsync(watch);
            var clock = System.Diagnostics.Stopwatch.StartNew();
            await one.CommitAsync(Opened.Put(Opened.Key, $"{i}"));
            await heard;
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        // Without a ring, each is heard of at the next look, 400 ms after the last one.
        var median = times.Order().ElementAt(15);
        Assert.True(median < 300, $"median {median} ms");
    }

    [Fact]
    public async Task ACommitThatBeganFirstAndEndedLastIsNotMissed()
    {
        await using var one = await OpenAsync();
        await one.CommitAsync(Opened.Put(Opened.Key, "a"));
        var late = new CollectionKey("app", "late");
        await one.CommitAsync(Opened.Put(late, "a"));
        await using var watch = one.Service.WatchAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());

        // As another host would that is slow: it has its transaction's number before the other commit, and commits after that was told.
        await using var slow = await OpenTransaction.BeginAsync(
            shared.Server, $"UPDATE {_schema}.collections SET revision = 2, changed = pg_current_xact_id() WHERE name = 'late'");
        await one.CommitAsync(Opened.Put(Opened.Key, "b"));
        Assert.Contains(await NextNewsAsync(watch), n => n.Key == Opened.Key);
        await slow.CommitAsync();
        Assert.Contains(await NextNewsAsync(watch), n => n.Key == late && n.Position.Revision == 2);
    }

    [Fact]
    public async Task TwoServicesThatWriteTheSameCollectionsInOppositeOrderNeverFail()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        CollectionKey[] keys = [.. Enumerable.Range(0, 20).Select(i => new CollectionKey("app", $"c{i}"))];
        var given = new ConcurrentBag<(CollectionKey, long)>();
        await Task.WhenAll(WriteAsync(one, keys, "a"), WriteAsync(other, [.. keys.Reverse()], "b"));
        Assert.Equal(given.Count, given.Distinct().Count());
        foreach (var key in keys)
        {
            var loaded = await one.LoadAsync(key);
            Assert.Equal(100, loaded.Position.Revision);
            Assert.Equal(100, loaded.Items.Count);
        }

        async Task WriteAsync(Opened service, CollectionKey[] order, string prefix)
        {
            for (var i = 0; i < 50; i++)
            {
                var results = await service.Service.CommitAsync(
                    [.. order.Select(k => Opened.Put(k, $"{prefix}{i}"))], CancellationToken.None);
                foreach (var (key, result) in order.Zip(results))
                {
                    given.Add((key, result.Position.Revision));
                }
            }
        }
    }

    private static async Task<IReadOnlyList<CollectionPosition>> NextNewsAsync(IAsyncEnumerator<IReadOnlyList<CollectionPosition>> watch)
    {
        for (var i = 0; i < 30 && await watch.MoveNextAsync(); i++)
        {
            if (watch.Current.Count > 0)
            {
                return watch.Current;
            }
        }

        throw new InvalidOperationException("Nothing was told.");
    }

    private Task<Opened> OpenAsync() => Opened.OpenAsync(shared.Server.Config(_schema));
}

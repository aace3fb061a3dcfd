using System.Diagnostics;
using SharedState.Items.Redis;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>
/// A host that watches a Redis finds out that it may have missed something, whatever happened, and goes on from where it was.
/// </summary>
public sealed class RedisFeedFaultTests : RedisTests
{
    private static readonly Layout _layout = new("items");

    [RedisFact]
    public async Task AKilledRedisIsNoticedInASecondAndAfterItsRestartNothingIsMissed()
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server), await OpenAsync(server));
        var before = await InsertAsync(one, "a");
        await using (var lists = Watch(two))
        {
            Assert.Empty(await NextAsync(lists));
            await server.KillAsync();
            var asked = Stopwatch.StartNew();
            await EndAsync(lists);
            Assert.InRange(asked.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        }
        await Assert.ThrowsAsync<ItemServiceException>(() => ReadAsync(two, before));

        await server.StartAgainAsync();
        await UntilAsync(async () => await InsertAsync(one, "b") == before with { Revision = 2 }, "it is back");
        await using var anew = await WatchAgainAsync(two);
        Assert.Equal([2], (await ReadAsync(two, before))!.Select(commit => commit.Revision));
        await AssertToldAsync(one, anew);
    }

    [RedisFact]
    public async Task ASuspendedRedisIsNoticedInASecond()
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server), await OpenAsync(server));
        await using (var lists = Watch(two))
        {
            Assert.Empty(await NextAsync(lists));
            await server.SignalAsync("STOP");
            var asked = Stopwatch.StartNew();
            await EndAsync(lists);
            Assert.InRange(asked.Elapsed, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(2));
        }
        await server.SignalAsync("CONT");
        await using var anew = await WatchAgainAsync(two);
        await AssertToldAsync(one, anew);
    }

    [RedisFact]
    public async Task AMessageThatNeverCameIsNoticedBeforeTheListThatLacksIt()
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server), await OpenAsync(server));
        await using (var lists = Watch(two))
        {
            Assert.Empty(await NextAsync(lists));
            await server.Database.HashIncrementAsync(_layout.All[0].Mark, "told"); // a commit whose message is lost on its way
            Assert.Equal(0, await EndAsync(lists));
        }
        await using (var lists = Watch(two))
        {
            // The next message shows it too, and sooner.
            Assert.Empty(await NextAsync(lists));
            var list = lists.MoveNextAsync().AsTask();
            await server.Database.HashIncrementAsync(_layout.All[0].Mark, "told");
            await InsertAsync(one, "a");
            await Assert.ThrowsAsync<ItemServiceException>(() => list);
        }
        await using var anew = Watch(two);
        Assert.Empty(await NextAsync(anew));
        await AssertToldAsync(one, anew);
    }

    [RedisFact]
    public async Task ALostConnectionOfTheChannelHidesNothing()
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server), await OpenAsync(server));
        var lists = Watch(two);
        var faults = 0;
        Assert.Empty(await NextAsync(lists));
        for (var n = 0; n < 10; n++)
        {
            // Each time the channel's connection is cut, and something is committed before it is back.
            var listening = n % 2 == 0 ? lists.MoveNextAsync().AsTask() : null;
            await server.ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");
            var position = await InsertAsync(one, $"{n}");
            var told = false;
            try
            {
                while (!told)
                {
                    Assert.True(await (listening ?? lists.MoveNextAsync().AsTask()).WaitAsync(TimeSpan.FromSeconds(5)));
                    told = lists.Current.Contains(new(Key, position));

                    // The list that was asked for before the commit may lack it, no other.
                    Assert.True(told || listening is not null, "a list lacks what was committed before it was asked for");
                    listening = null;
                }
            }
            catch (ItemServiceException e) when (e.Fault == ItemServiceFault.Unavailable)
            {
                faults++;
                await lists.DisposeAsync();
                lists = await WatchAgainAsync(two);
            }
        }
        await lists.DisposeAsync();
        Assert.NotEqual(0, faults); // else nothing was lost, and this test shows nothing
    }

    [RedisFact]
    public async Task AnEmptiedRedisEndsTheWatchAndNoPositionIsOfItsHistory()
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server), await OpenAsync(server));
        var before = await InsertAsync(one, "a", "b");
        await using (var lists = Watch(two))
        {
            Assert.Empty(await NextAsync(lists));
            await server.ExecuteAsync("FLUSHALL");
            Assert.Null(await ReadAsync(two, before));
            var after = await InsertAsync(one, "c");
            Assert.Equal(0, await EndAsync(lists));
            Assert.Equal((1, false), (after.Revision, after.Epoch == before.Epoch));
        }
        Assert.Null(await ReadAsync(two, before));
        Assert.Null(await ReadAsync(two, before with { Revision = 0 }));
        Assert.Equal("c", Assert.Single((await LoadAsync(two)).Items).Id);
    }

    [RedisFact]
    public async Task AHostThatOnlyWatchedNoticesAnOlderCopyOfWhatItWasTold()
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server), await OpenAsync(server));
        await InsertAsync(one, "a");
        var known = (await LoadAsync(two)).Position;
        await using (var lists = Watch(two))
        {
            Assert.Empty(await NextAsync(lists));
            var copy = await server.CopyAsync();
            var lost = await InsertAsync(one, "b");
            Assert.Equal([new CollectionPosition(Key, lost)], await NextAsync(lists));
            Assert.Single((await ReadAsync(two, known))!);
            await CloseAsync(one); // who wrote it is gone
            await server.RestoreAsync(copy);
            await EndAsync(lists);
        }
        await UntilAsync(async () => await ReadAsync(two, known) is null, "the older copy is noticed");
        Assert.NotEqual(known.Epoch, (await LoadAsync(two)).Position.Epoch);
        Assert.Contains("1 commits", Assert.Single(Log.Of(HistoryReplaced)));
    }

    [RedisFact]
    public async Task APositionAheadOrOfAnotherEpochIsNotOfTheHistory()
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server), await OpenAsync(server));
        var position = await InsertAsync(one, "a");
        Assert.Empty((await ReadAsync(two, position))!);
        Assert.Null(await ReadAsync(two, position with { Revision = 2 }));
        Assert.Null(await ReadAsync(two, position with { Epoch = "another" }));
        Assert.Null(await ReadAsync(two, new Position("another", 0)));
    }

    /// <param name="commits">How many commits another host makes to the older copy, which lacks one.</param>
    /// <param name="watches">Whether the watch goes on, and finds the older copy; else it ended before, and a new one finds it.</param>
    [RedisTheory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(3, false)]
    public async Task AnOlderCopyIsNoticedAlsoWhenAHostThatDidNotSeeTheLossWritesToItFirst(int commits, bool watches)
    {
        var server = await StartAsync();
        var (writer, follower) = (await OpenAsync(server), await OpenAsync(server, Patient));
        await InsertAsync(writer, "a");
        await using var lists = Watch(follower);
        await NextAsync(lists);
        var copy = await server.CopyAsync();
        var lost = await InsertAsync(writer, "lost");
        while (!(await NextAsync(lists)).Contains(new(Key, lost)))
        {
            // The next list may be empty.
        }
        if (!watches) await lists.DisposeAsync();
        await CloseAsync(writer);
        await server.RestoreAsync(copy);

        // One commit is as many as before, so that no count is lower.
        var other = await OpenAsync(server);
        for (var n = 1; n <= commits; n++) await InsertAsync(other, $"other{n}");
        if (watches)
        {
            await EndAsync(lists);
        }
        else
        {
            await using var anew = Watch(follower);
            await EndAsync(anew);
        }
        await UntilAsync(async () => (await LoadAsync(follower)).Position.Epoch != lost.Epoch, "the follower is in another epoch");
        Assert.Equal((await LoadAsync(follower)).Position, (await LoadAsync(other)).Position);
        Assert.Equal(["a", .. Enumerable.Range(1, commits).Select(n => $"other{n}")], await IdsAsync(follower));
        Assert.Null(await ReadAsync(follower, lost));

        // The watch waits for the connection that the restart has ended.
        static RedisOptions Patient(RedisOptions options) =>
            options with { ReconnectTime = TimeSpan.FromSeconds(20), ConfirmTime = TimeSpan.FromSeconds(20) };
    }

    /// <summary>
    /// Takes lists until the watch says that something may be missing, and gives the number of those that were not empty.
    /// </summary>
    private static async Task<int> EndAsync(IAsyncEnumerator<IReadOnlyList<CollectionPosition>> lists)
    {
        var told = 0;
        var deadline = DateTime.UtcNow.AddSeconds(20);
        var fault = await Assert.ThrowsAsync<ItemServiceException>(async () =>
        {
            while (true)
            {
                Assert.True(DateTime.UtcNow < deadline, "in 20 s: the watch says that something may be missing");
                if ((await NextAsync(lists)).Count > 0) told++;
            }
        });
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        return told;
    }

    private static async Task<IAsyncEnumerator<IReadOnlyList<CollectionPosition>>> WatchAgainAsync(RedisItemService service)
    {
        IAsyncEnumerator<IReadOnlyList<CollectionPosition>>? lists = null;
        await UntilAsync(
            async () =>
            {
                lists = Watch(service);
                Assert.Empty(await NextAsync(lists));
                return true;
            },
            "it is watched again");
        return lists!;
    }

    private static async Task AssertToldAsync(RedisItemService writer, IAsyncEnumerator<IReadOnlyList<CollectionPosition>> lists)
    {
        for (var n = 0; n < 3; n++)
        {
            var position = await InsertAsync(writer, $"{n}");
            Assert.Equal([new CollectionPosition(Key, position)], await NextAsync(lists));
        }
    }
}

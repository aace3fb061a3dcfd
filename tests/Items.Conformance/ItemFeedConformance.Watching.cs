using System.Diagnostics;
using Xunit;

namespace SharedState.Items.Conformance;

/// <content>Where collections are: lists that confirm that nothing is missing.</content>
public abstract partial class ItemFeedConformance
{
    [Fact]
    [Promise(Fix = "Look at the storage after the list was asked for, not before.")]
    public async Task WhatWasCommittedBeforeAListIsAskedForIsInItOrWasInOneBefore()
    {
        var services = await OpenAsync(3);
        await using var watch = NewWatch(services[0]);
        await watch.NextAsync();
        for (var round = 0; round < 40; round++)
        {
            // The list that was asked for before the commit need not have it, but the next one must, unless the first did.
            if (round % 2 == 1) watch.Ask();
            ItemUpdate[] batch = [.. _keys.Skip(round % _keys.Length).Append(_keys[0]).Select(key => InsertInto(key, NewItem($"{round}")))];
            var results = await services[1 + (round % 3 == 0 ? 0 : 1)].CommitAsync(batch, CancellationToken.None);
            if (round % 2 == 1) await watch.NextAsync();
            await watch.NextAsync();
            for (var i = 0; i < batch.Length; i++) watch.AssertTold(batch[i].Key, results[i].Position);
        }
    }

    [Fact]
    [Promise(Fix = "Tell positions that were committed, with their epoch, never one that is to come.")]
    public async Task AListNamesPositionsThatCollectionsHad()
    {
        // The host's own commits may be told or not; what is told must be true.
        var services = await OpenAsync(2);
        var had = new HashSet<CollectionPosition>();
        await using var watch = NewWatch(services[0]);
        await watch.NextAsync();
        for (var round = 0; round < 20; round++)
        {
            var updates = _keys.Select(key =>
                round % 7 == 6 ? new ItemUpdate { Key = key, Reset = true } : InsertInto(key, NewItem("a"), NewItem($"{round}")));
            ItemUpdate[] batch = [.. updates, Remove("nothing")];
            var results = await services[round % 2].CommitAsync(batch, CancellationToken.None);
            for (var i = 0; i < batch.Length; i++) had.Add(new CollectionPosition(batch[i].Key, results[i].Position));
            await watch.NextAsync();
        }
        await watch.NextAsync();
        Assert.NotEmpty(watch.Told);
        Assert.All(watch.Told, told => Assert.Contains(told, had));
    }

    [Fact]
    [Promise(Fix = "Give the first list only when everything that is committed from then on will be noticed.")]
    public async Task FromTheFirstListOnNothingIsMissed()
    {
        var services = await OpenAsync(2);
        for (var round = 0; round < 20; round++)
        {
            await using var watch = NewWatch(services[0]);
            await watch.NextAsync();
            var (_, position) = await CommitAsync(services[1], _keys[round % _keys.Length], Insert($"{round}"));
            await watch.NextAsync();
            watch.AssertTold(_keys[round % _keys.Length], position);
        }
    }

    [Fact]
    [Promise(Fix = "Tell a position only when ReadAsync finds it: after the transaction, not within it.")]
    public async Task WhatAListNamesCanBeReadAtOnce()
    {
        var services = await OpenAsync(2);
        var copies = await CopiesAsync(services[0], _keys);
        await using var watch = NewWatch(services[0]);
        await watch.NextAsync();
        for (var round = 0; round < 20; round++)
        {
            await services[1].CommitAsync([.. _keys.Select(key => InsertInto(key, NewItem($"{round}")))], CancellationToken.None);
            await watch.NextAsync();
            await Copy.ReadAsync(services[0], copies);
            foreach (var (key, position) in watch.Told)
                Assert.InRange(position.Revision, 1, copies.Single(copy => copy.Key == key).Position.Revision);
        }
        Assert.All(copies, copy => Assert.Equal(20, copy.Position.Revision));
    }

    [Fact]
    [Promise(Fix = "Give an empty list after at most a second without news.")]
    public async Task AListComesAtLeastOnceASecondWhenNothingHappens()
    {
        var service = await OpenAsync();
        await using var watch = NewWatch(service);
        await watch.NextAsync();
        await AssertOnceASecondAsync(watch);
    }

    [Fact]
    [Promise(Fix = "Give a list after at most a second, also while news keep coming.")]
    public async Task AListComesAtLeastOnceASecondWhileOthersNeverRest()
    {
        var services = await OpenAsync(2);
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                // A rest of a millisecond is none to who waits for silence, and keeps what is written small.
                await CommitAsync(services[1], _keys[n % _keys.Length], Insert(NewItem("a", n)));
                await Task.Delay(1);
            }
        });
        try
        {
            await using var watch = NewWatch(services[0]);
            await watch.NextAsync();
            await AssertOnceASecondAsync(watch);
        }
        finally
        {
            await stop.CancelAsync();
            await writing;
        }
    }

    [Fact]
    [Promise(Fix = "End the enumeration when its token is cancelled, and let the next one begin anew.")]
    public async Task AWatchThatIsStoppedEndsAndTheNextOneMissesNothing()
    {
        var services = await OpenAsync(2);
        for (var round = 0; round < 4; round++)
        {
            // Stopped: before it begins, before the first list, while a list is waited for, and between two.
            await using var watch = NewWatch(services[0]);
            if (round == 0) watch.Stop();
            if (round > 1) await watch.NextAsync();
            if (round is 1 or 2) watch.Ask();
            watch.Stop();
            Assert.True(await watch.EndsAsync(), "The watch goes on.");
        }
        await foreach (var list in ((IItemFeed)services[0]).WatchAsync(CancellationToken.None)) break;

        await using var next = NewWatch(services[0]);
        await next.NextAsync();
        var (_, position) = await CommitAsync(services[1], Insert("a"));
        await next.NextAsync();
        next.AssertTold(_key, position);
    }

    [Fact]
    [Promise(Fix = "End an instance's watch in its DisposeAsync, and share nothing that this would close for others.")]
    public async Task ClosingEndsTheWatchAndNoOther()
    {
        var services = await OpenAsync(3);
        await using var watch = NewWatch(services[0]);
        await using var other = NewWatch(services[1]);
        await watch.NextAsync();
        await other.NextAsync();
        watch.Ask();
        await CloseAsync(services[0]).WaitAsync(Patience);
        Assert.True(await watch.EndsAsync(), "The watch goes on.");

        var (_, position) = await CommitAsync(services[2], Insert("a"));
        await other.NextAsync();
        other.AssertTold(_key, position);
    }

    /// <summary>Four lists in four seconds; two more are for a machine that does much else.</summary>
    private static async Task AssertOnceASecondAsync(Watch watch)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var list = 0; list < 4; list++) await watch.NextAsync();
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(6));
    }
}

using System.Collections.Concurrent;
using Xunit;

namespace SharedState.Items.Conformance;

/// <content>
/// Emptied collections are forgotten. A storage that does not implement <see cref="IItemService.ForgetAsync"/> keeps these promises by
/// doing nothing.
/// </content>
public abstract partial class ItemServiceConformance
{
    [Fact]
    [Promise(
        Fix = "Forget only a collection that has no items and stands at exactly the given position; check it in the transaction that "
            + "forgets."
    )]
    public async Task OnlyAnEmptiedCollectionAtTheGivenPositionIsForgotten()
    {
        var service = await OpenAsync();
        var other = new CollectionKey("app", "other");
        var (_, otherPosition) = await CommitAsync(service, other, Insert("a", "b"));
        await CommitAsync(service, other, Remove("b"));

        var (_, withItems) = await CommitAsync(service, Insert("a", "b"));
        Assert.False(await ForgetAsync(service, withItems));
        var (_, before) = await CommitAsync(service, Remove("a"));
        var (_, at) = await CommitAsync(service, Remove("b"));
        Position[] elsewhere = [before, withItems, at with { Epoch = "another" }, at with { Revision = at.Revision + 1 }, at with { Revision = 0 }];
        foreach (var position in elsewhere)
            Assert.False(await ForgetAsync(service, position), $"It was forgotten at {position}, and stands at {at}.");
        Assert.Equal(at, (await LoadAsync(service)).Position);

        if (!Forgets(service))
        {
            Assert.False(await ForgetAsync(service, at));
            Assert.Equal(at, (await LoadAsync(service)).Position);
            return;
        }
        Assert.True(await ForgetAsync(service, at));
        var forgotten = await LoadAsync(service);
        Assert.Empty(forgotten.Items);
        Assert.Empty(forgotten.Tombstones);
        Assert.Equal(forgotten.Position.Revision, forgotten.HistoryStart);
        AssertAfter(at, forgotten.Position);

        // Nothing is kept of it, and all of the other collection.
        Assert.True(await ForgetAsync(service, forgotten.Position));
        var kept = await LoadAsync(service, other);
        Assert.Equal(otherPosition with { Revision = 2 }, kept.Position);
        Assert.Equal(["a"], Ids(kept));
        if (RemembersRemovals) Assert.Equal([new Tombstone("b", 2)], kept.Tombstones);
    }

    [Fact]
    [Promise(
        Fix = "After forgetting, begin in an epoch that was never used, or at a revision that is at least the highest of any forgotten "
            + "collection."
    )]
    public async Task NoPositionIsGivenTwiceWhenACollectionBeginsAnewAfterItWasForgotten()
    {
        var service = await OpenAsync();
        CollectionKey[] keys = [_key, new("app", "longer"), new("app", "longest")];
        var given = new HashSet<CollectionPosition>();
        for (var round = 0; round < 6; round++)
        {
            for (var k = 0; k < keys.Length; k++)
            {
                // Histories of different lengths, in an order that is not theirs.
                var key = keys[(k + round) % keys.Length];
                var start = await LoadAsync(service, key);
                Assert.Empty(start.Items);
                Position last = start.Position;
                for (var n = 0; n <= (k * 2) + (round % 3); n++)
                {
                    var (status, position) = await CommitAsync(service, key, Insert($"{round}.{n}"));
                    Assert.Equal((CommitStatus.Committed, last with { Revision = last.Revision + 1 }), (status, position));
                    Assert.True(given.Add(new(key, last = position)), $"{position} of {key} was given to two states.");
                    if (IsDurable && round % 3 == 2 && n == 1) service = await ReopenAsync(service);
                }
                var (_, at) = await CommitAsync(service, key, Reset());
                await ForgetAsync(service, at, key);
                if (IsDurable && round % 3 == 1) service = await ReopenAsync(service);

                // Of a writer that was away, a conditional update is left out.
                var late = new ItemUpdate { Key = key, Insert = [NewItem("late")], Expected = last };
                Assert.Equal(CommitStatus.Conflict, (await CommitAsync(service, key, late)).Status);
            }
        }
    }

    [Fact]
    [Promise(
        Fix = "List each collection that has a history and no items, with its position, until it is forgotten; none that has items or was "
            + "only read."
    )]
    public async Task EmptiedCollectionsAreListedUntilTheyAreForgotten()
    {
        var service = await OpenAsync();
        CollectionKey[] keys = [.. Enumerable.Range(0, 600).Select(n => new CollectionKey(n < 300 ? "one" : "two", $"{n}"))];
        await CommitEachAsync(service, keys, key => new() { Key = key, Insert = [NewItem("a")] });
        var emptied = keys[..^5];
        var resets = await CommitEachAsync(service, emptied, key => new() { Key = key, Reset = true });
        await LoadAsync(service, new CollectionKey("one", "only read"));
        await CommitAsync(service, new CollectionKey("one", "written without effect"), Remove("nothing"));
        if (!Forgets(service)) return;

        var positions = emptied.Zip(resets, (key, result) => new CollectionPosition(key, result.Position)).ToHashSet();
        Assert.Equal(positions.Order(_byName), (await EmptiedAsync(service)).Order(_byName));
        foreach (var (key, position) in positions.Take(300)) Assert.True(await ForgetAsync(service, position, key));
        Assert.Equal(positions.Skip(300).Order(_byName), (await EmptiedAsync(service)).Order(_byName));
        await CommitAsync(service, keys[0], Insert("again"));
        Assert.Equal(positions.Skip(300).Order(_byName), (await EmptiedAsync(service)).Order(_byName));
        Assert.Equal(
            [.. keys[^5..].Append(keys[0]).Select(key => $"{key}").Order()], (await ListAsync(service)).Select(key => $"{key}").Order());
    }

    [Fact]
    [Promise(
        Fix = "Forget in one transaction that commits cannot come between: lock the collection's row, then look at its position, then "
            + "delete."
    )]
    public async Task ForgettingDuringCommitsLosesNothing()
    {
        var service = await OpenAsync();
        await ForgetDuringCommitsAsync(service, service);
    }

    /// <summary>
    /// One service writes, empties and writes again; the other one forgets as soon as it can. Each position must keep its content.
    /// </summary>
    private protected static async Task ForgetDuringCommitsAsync(IItemService writer, IItemService forgetter)
    {
        const int Rounds = 60;
        var contents = new ConcurrentDictionary<Position, string>();
        var forgotten = 0;
        var at = (await LoadAsync(writer)).Position;
        using var done = new CancellationTokenSource();
        var forgetting = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                var seen = await LoadAsync(forgetter);
                Note(seen.Position, string.Join(',', Ids(seen)));
                if (seen.Items.Count == 0 && seen.Position.Revision > 0 && await ForgetAsync(forgetter, seen.Position))
                    Interlocked.Increment(ref forgotten);
            }
        });
        try
        {
            for (var round = 0; round < Rounds; round++)
            {
                // What was inserted is there until it is removed, whatever is forgotten meanwhile.
                Note((await CommitAsync(writer, Insert($"{round}"))).Position, $"{round}");
                Note((await CommitAsync(writer, Insert($"{round}", "more"))).Position, $"{round},more");
                Assert.Equal([$"{round}", "more"], Ids(await LoadAsync(writer)));
                var (status, position) = await CommitAsync(writer, round % 2 == 0 ? Reset() : Remove($"{round}", "more"));
                Assert.Equal(CommitStatus.Committed, status);
                Note(position, "");

                // Some of the time there is enough of it to forget.
                var seen = Volatile.Read(ref forgotten);
                var until = DateTime.UtcNow.AddSeconds(10);
                while (round % 4 == 3 && Forgets(forgetter) && Volatile.Read(ref forgotten) == seen && !forgetting.IsCompleted
                    && DateTime.UtcNow < until) await Task.Yield();
            }
        }
        finally
        {
            await done.CancelAsync();
            await forgetting;
        }
        if (Forgets(forgetter)) Assert.NotEqual(0, forgotten);
        Assert.Empty((await LoadAsync(writer)).Items);

        void Note(Position position, string content) => Assert.Equal((position, content), (position, contents.GetOrAdd(position, content)));
    }

    private static readonly Comparer<CollectionPosition> _byName = Comparer<CollectionPosition>.Create(
        (x, y) => string.CompareOrdinal($"{x}", $"{y}"));

    private protected static async Task<bool> ForgetAsync(IItemService service, Position at, CollectionKey? key = null) =>
        await service.ForgetAsync(key ?? _key, at, CancellationToken.None);

    private protected static async Task<List<CollectionPosition>> EmptiedAsync(IItemService service)
    {
        var emptied = new List<CollectionPosition>();
        await foreach (var collection in service.ListEmptiedAsync(CancellationToken.None)) emptied.Add(collection);
        return emptied;
    }

    /// <summary>Whether the storage forgets: whether its class has a body of its own for that call.</summary>
    private protected static bool Forgets(IItemService service)
    {
        var map = ((TimedService)service).Inner.GetType().GetInterfaceMap(typeof(IItemService));
        return map.TargetMethods[
                Array.FindIndex(map.InterfaceMethods, method => method.Name == nameof(IItemService.ForgetAsync))
            ].DeclaringType != typeof(IItemService);
    }

    /// <summary>Asserts that a position can follow on one that was forgotten: no state had it but perhaps the emptied one.</summary>
    private protected static void AssertAfter(Position at, Position position) =>
        Assert.True(
            position.Epoch != at.Epoch || position.Revision >= at.Revision,
            $"{position} was the position of an earlier state: it was forgotten at {at}.");
}

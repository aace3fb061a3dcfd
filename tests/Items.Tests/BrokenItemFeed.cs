using System.Runtime.CompilerServices;
using System.Text;

namespace SharedState.Items.Tests;

/// <summary>The promises of the feed's contract that <see cref="BrokenItemFeed"/> can break.</summary>
public enum FeedPromise
{
    Confirmation,
    AllCollections,
    FirstList,
    OnceASecond,
    OnceASecondAmongWrites,
    FullPositions,
    PositionsThatWere,
    Stop,
    SecondWatch,
    EndWithClosing,
    ReadAtOnce,
    OldestFirst,
    NoGap,
    OneByOne,
    NothingNewIsEmpty,
    NeverWrittenIsEmpty,
    ReadingCreatesNothing,
    LongAgo,
    ToTheEnd,
    LargeChanges,
    Epoch,
    Ahead,
    OrderOfAnswers,
    Remembers,
    Bytes,
    Resets,
    Removals,
    ItemsOfTheCommit,
    AllItems,
    OtherLineAfterLoss,
    Expected,
    Revisions,
    WholeUpdates,
    ForgettingIsTold,
    ForgettingAtOnce,
}

/// <summary>A service with a feed that keeps all promises but one.</summary>
internal sealed class BrokenItemFeed(MemoryItemService inner, FeedPromise broken) : IItemService, IItemFeed
{
    private readonly Dictionary<CollectionKey, Position> _positions = [];
    private List<IReadOnlyList<ItemCommit>?>? _lastAnswers;
    private int _watches;

    public ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop) => inner.OpenAsync(context, stop);

    public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop) => inner.LoadAsync(key, stop);

    public IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop) => inner.ListAsync(app, stop);

    public IAsyncEnumerable<CollectionPosition> ListEmptiedAsync(CancellationToken stop) => inner.ListEmptiedAsync(stop);

    public async ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop)
    {
        if (broken != FeedPromise.ForgettingAtOnce) return await inner.ForgetAsync(key, at, stop);

        // Looks first and forgets then, as if it were alone.
        var collection = await inner.LoadAsync(key, stop);
        if (collection.Position != at || collection.Items.Count > 0) return false;
        await Task.Delay(2, stop);
        return inner.Drop(key);
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        switch (broken)
        {
            case FeedPromise.Expected when batch[0].Expected is { } expected:
                // Looks first and commits then, as if it were alone.
                var position = (await inner.LoadAsync(batch[0].Key, stop)).Position;
                if (expected != position) return [new CommitResult(CommitStatus.Conflict, position)];
                await Task.Delay(2, stop);
                return await inner.CommitAsync([new ItemUpdate { Key = batch[0].Key, Insert = batch[0].Insert }], stop);
            case FeedPromise.WholeUpdates:
                List<CommitResult> results = [];
                foreach (var update in batch)
                {
                    if (update.Insert.Count > 1)
                        await inner.CommitAsync([new ItemUpdate { Key = update.Key, Insert = [.. update.Insert.Skip(1)] }], stop);
                    results.AddRange(
                        await inner.CommitAsync([new ItemUpdate { Key = update.Key, Insert = [.. update.Insert.Take(1)] }], stop));
                }
                return results;
            case FeedPromise.Revisions:
                // Counts by itself, as if it were alone.
                return
                [
                    .. (await inner.CommitAsync(batch, stop)).Zip(
                        batch, (result, update) => result with { Position = Counted(update.Key, result.Position) }),
                ];
            default:
                return await inner.CommitAsync(batch, stop);
        }
    }

    public async IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync([EnumeratorCancellation] CancellationToken stop)
    {
        if (broken == FeedPromise.SecondWatch && _watches++ > 4) yield break;
        if (broken == FeedPromise.FirstList) yield return [];
        var lists = 0;
        IReadOnlyList<CollectionPosition> before = [];
        await foreach (
            var list in broken == FeedPromise.EndWithClosing
                ? Endless(stop)
                : inner.WatchAsync(broken == FeedPromise.Stop ? CancellationToken.None : stop))
        {
            if (broken == FeedPromise.OnceASecond && list.Count == 0 && lists++ % 100 > 0) continue;
            if (broken == FeedPromise.OnceASecondAmongWrites && (lists = list.Count > 0 ? 0 : lists + 1) < 50) continue;
            yield return broken switch
            {
                FeedPromise.Confirmation => before,
                FeedPromise.AllCollections => [.. list.TakeLast(1)],
                FeedPromise.ForgettingIsTold => await WithItemsAsync(list, stop),
                FeedPromise.FullPositions => [.. list.Select(told => told with { Position = told.Position with { Epoch = "" } })],
                FeedPromise.PositionsThatWere =>
                [
                    .. list.Select(told => told with { Position = told.Position with { Revision = told.Position.Revision + 1 } }),
                ],
                _ => list,
            };
            before = list;
        }
    }

    public async ValueTask<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(
        IReadOnlyList<CollectionPosition> since, CancellationToken stop)
    {
        List<IReadOnlyList<ItemCommit>?> answers = [];
        foreach (var at in since) answers.Add(await ReadAsync(at, stop));
        if (broken == FeedPromise.OrderOfAnswers) answers.Reverse();
        if (broken != FeedPromise.ReadAtOnce) return answers;
        var last = _lastAnswers?.Count == since.Count ? _lastAnswers : [.. since.Select(_ => Array.Empty<ItemCommit>())];
        _lastAnswers = answers;
        return last;
    }

    private async ValueTask<IReadOnlyList<ItemCommit>?> ReadAsync(CollectionPosition since, CancellationToken stop)
    {
        var now = await inner.LoadAsync(since.Key, stop);
        var known = since.Position.Epoch == now.Position.Epoch;
        var revision = since.Position.Revision;
        switch (broken)
        {
            case FeedPromise.Remembers:
                return null;
            case FeedPromise.NeverWrittenIsEmpty when now.Position.Revision == 0:
                return null;
            case FeedPromise.ReadingCreatesNothing when now.Position.Revision == 0:
                await inner.CommitAsync([new ItemUpdate { Key = since.Key, Insert = [new Item("a", "{}"u8.ToArray())] }], stop);
                return [];
            case FeedPromise.Ahead when known && revision > now.Position.Revision:
                return [];
            case FeedPromise.NothingNewIsEmpty when known && revision > 0:
                since = since with { Position = since.Position with { Revision = revision - 1 } };
                break;
            case FeedPromise.Epoch or FeedPromise.OtherLineAfterLoss when !known && revision <= now.Position.Revision:
                since = since with { Position = now.Position with { Revision = revision } };
                break;
        }
        if ((await inner.ReadAsync([since], stop))[0] is not { } commits) return null;
        return broken switch
        {
            FeedPromise.OldestFirst => [.. commits.Reverse()],
            FeedPromise.NoGap => [.. commits.Where((_, n) => n != 1)],
            FeedPromise.OneByOne => [.. commits.TakeLast(1)],
            FeedPromise.LongAgo => [.. commits.TakeLast(1_000)],
            FeedPromise.ToTheEnd => [.. commits.Where(commit => commit.Revision <= 1_000)],
            _ => [.. commits.Select(commit => new ItemCommit(commit.Revision, Update(commit.Update, now)))],
        };
    }

    private ItemUpdate Update(ItemUpdate update, StoredCollection now) => new()
    {
        Key = update.Key,
        Reset = update.Reset && broken != FeedPromise.Resets,
        Remove = broken == FeedPromise.Removals ? [.. update.Remove.Skip(1)] : update.Remove,
        Insert = broken switch
        {
            FeedPromise.Bytes => [.. update.Insert.Select(item => new Item(item.Id,
                Encoding.ASCII.GetBytes(Encoding.UTF8.GetString(item.Json.Span))))],
            FeedPromise.ItemsOfTheCommit => [.. update.Insert.Select(item => Newest(item, now))],
            FeedPromise.AllItems => [.. update.Insert.Take(4)],
            FeedPromise.LargeChanges => [.. update.Insert.Take(10_000)],
            _ => update.Insert,
        },
    };

    private async IAsyncEnumerable<IReadOnlyList<CollectionPosition>> Endless([EnumeratorCancellation] CancellationToken stop)
    {
        await using var lists = inner.WatchAsync(stop).GetAsyncEnumerator(stop);
        while (await NextAsync()) yield return lists.Current;
        await Task.Delay(Timeout.Infinite, stop);

        async ValueTask<bool> NextAsync()
        {
            try
            {
                return await lists.MoveNextAsync();
            }
            catch (ItemServiceException)
            {
                return false;
            }
        }
    }

    /// <summary>Tells only of collections that are still there.</summary>
    private async Task<IReadOnlyList<CollectionPosition>> WithItemsAsync(IReadOnlyList<CollectionPosition> list, CancellationToken stop)
    {
        var told = new List<CollectionPosition>();
        foreach (var collection in list)
        {
            if ((await inner.LoadAsync(collection.Key, stop)).Items.Count > 0) told.Add(collection);
        }
        return told;
    }

    private static Item Newest(Item item, StoredCollection now) =>
        now.Items.Where(stored => stored.Id == item.Id).Select(stored => new Item(stored.Id, stored.Json)).FirstOrDefault(item);

    private Position Counted(CollectionKey key, Position position) =>
        _positions[key] = position with { Revision = _positions.GetValueOrDefault(key).Revision + 1 };
}

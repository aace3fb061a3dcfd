using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;

namespace SharedState.Items.Tests;

/// <summary>The promises of the contract that <see cref="BrokenItemService"/> can break.</summary>
public enum Promise
{
    Durability,
    EpochAcrossReopening,
    AnotherEpochAfterLoss,
    WholeBatches,
    OrderOfABatch,
    OrderOfResults,
    Expected,
    ConflictAlone,
    UnchangedStays,
    ResetRemoves,
    AllOfABatch,
    CancelledIsNotStored,
    ItemRevisions,
    RevisionAfterReset,
    Removals,
    HistoryStart,
    Case,
    Blanks,
    Accents,
    Nul,
    Bytes,
    BlanksBehind,
    Apps,
    ReadingCreatesNothing,
    OnlyWithItems,
    ForgetsItems,
    ForgetsElsewhere,
    ForgetsNothing,
    EpochAfterForgetting,
    ListsEmptied,
}

/// <summary>A service that keeps all promises but one.</summary>
internal sealed class BrokenItemService(IItemService inner, Promise broken) : IItemService
{
    private readonly string _suffix = $"-{Guid.NewGuid():N}";
    private readonly HashSet<CollectionKey> _seen = [];

    public ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop) => inner.OpenAsync(context, stop);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    public async ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        if (broken == Promise.ReadingCreatesNothing) _seen.Add(key);
        var collection = await inner.LoadAsync(Key(key), stop);
        var revision = collection.Position.Revision;
        var items = collection.Items.Select(item => new StoredItem(
            item.Id, item.Json, broken == Promise.ItemRevisions ? revision : item.Revision));
        return new StoredCollection(Position(collection.Position), [.. items])
        {
            Tombstones = broken is Promise.Removals or Promise.HistoryStart ? [] : collection.Tombstones,
            HistoryStart = broken switch { Promise.Removals => revision, Promise.HistoryStart => 0, _ => collection.HistoryStart },
        };
    }

    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        if (broken == Promise.OnlyWithItems) _seen.UnionWith(batch.Select(update => update.Key));
        var updates = batch.Select(Update).ToList();
        if (broken == Promise.OrderOfABatch) updates.Reverse();

        List<CommitResult> results = [];
        if (broken is Promise.WholeBatches or Promise.ConflictAlone)
        {
            foreach (var update in updates)
            {
                results.AddRange(await inner.CommitAsync([update], stop));
                if (broken == Promise.ConflictAlone && results[^1].Status == CommitStatus.Conflict) break;
                await Task.Delay(1, stop);
            }
        }
        else if (broken == Promise.CancelledIsNotStored)
        {
            results.AddRange(await inner.CommitAsync(updates, CancellationToken.None));
            stop.ThrowIfCancellationRequested();
        }
        else
        {
            results.AddRange(await inner.CommitAsync(updates, stop));
        }

        if (broken == Promise.OrderOfResults) results.Reverse();
        while (results.Count < batch.Count) results.Add(results[^1]);
        return [.. results.Select(Result)];
    }

    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        await foreach (var key in inner.ListAsync(app, stop)) _seen.Add(key);
        foreach (var key in _seen.Where(key => app is null || key.App == app)) yield return key;
    }

    public async IAsyncEnumerable<CollectionPosition> ListEmptiedAsync([EnumeratorCancellation] CancellationToken stop)
    {
        if (broken == Promise.ListsEmptied) yield break;
        await foreach (var collection in inner.ListEmptiedAsync(stop)) yield return collection;
    }

    public async ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop)
    {
        if (broken == Promise.ForgetsNothing) return false;
        var collection = await inner.LoadAsync(key, stop);
        if (broken == Promise.ForgetsItems && collection.Items.Count > 0)
        {
            var emptied = await inner.CommitAsync([new ItemUpdate { Key = key, Reset = true }], stop);
            return await inner.ForgetAsync(key, emptied[0].Position, stop);
        }

        // Whatever it holds now.
        if (broken == Promise.ForgetsElsewhere)
        {
            await Task.Delay(2, stop);
            var emptied = await inner.CommitAsync([new ItemUpdate { Key = key, Reset = true }], stop);
            return await inner.ForgetAsync(key, emptied[0].Position, stop);
        }
        return await inner.ForgetAsync(
            key, broken == Promise.EpochAfterForgetting ? at with { Epoch = collection.Position.Epoch } : at, stop);
    }

    private ItemUpdate Update(ItemUpdate update) => new()
    {
        Key = Key(update.Key),
        Reset = update.Reset && broken != Promise.ResetRemoves,
        Remove = [.. update.Remove.Select(Id).Distinct()],
        Insert = [.. update.Insert.Select(item => new Item(Id(item.Id), Json(item))).DistinctBy(item => item.Id).Take(MostItems)],
        Expected = broken == Promise.Expected ? null : update.Expected,
    };

    private int MostItems => broken == Promise.AllOfABatch ? 10_000 : int.MaxValue;

    private CollectionKey Key(CollectionKey key) => broken == Promise.Apps ? key with { App = "one for all" } : key;

    private string Id(string id) => broken switch
    {
        Promise.Case => id.ToLowerInvariant(),
        Promise.Blanks => id.TrimEnd(' ').PadRight(1),
        Promise.Accents => id.Replace('á', 'a').Replace('ä', 'a'),
        Promise.Nul => id.Split('\0')[0].PadRight(1),
        _ => id,
    };

    private ReadOnlyMemory<byte> Json(Item item) =>
        broken == Promise.Bytes
            ? Encoding.UTF8.GetBytes(
                JsonNode.Parse(item.Json.Span, documentOptions: new() { MaxDepth = 300 })!.ToJsonString(new() { MaxDepth = 300 }))
            : broken == Promise.BlanksBehind ? item.Json[..(item.Json.Span.LastIndexOf((byte)'}') + 1)] : item.Json;

    private CommitResult Result(CommitResult result) => broken switch
    {
        Promise.UnchangedStays when result.Status == CommitStatus.Unchanged =>
            new(CommitStatus.Committed, Position(result.Position with { Revision = result.Position.Revision + 1 })),
        Promise.RevisionAfterReset => result with { Position = Position(result.Position with { Revision = result.Position.Revision % 4 }) },
        _ => result with { Position = Position(result.Position) },
    };

    private Position Position(Position position) => broken switch
    {
        Promise.EpochAcrossReopening => position with { Epoch = position.Epoch[..16] + _suffix },
        Promise.AnotherEpochAfterLoss or Promise.EpochAfterForgetting => position with { Epoch = "always" },
        _ => position,
    };
}

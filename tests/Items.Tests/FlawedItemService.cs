using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace SharedState.Items.Tests;

/// <summary>A service with one flaw, of those that need more than a changed argument or result.</summary>
internal sealed class FlawedItemService(IItemService inner, Flaw flaw) : IItemService
{
    // Longer than the tests let a call take.
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(8);

    /// <summary>Conflicts that come back, by the path of the database.</summary>
    private static readonly ConcurrentDictionary<string, List<ItemUpdate>> Returning = [];

    private readonly TaskCompletionSource _closing = new(), _loaded = new();
    // A batch is one transaction, whatever else is wrong.
    private readonly SemaphoreSlim _transaction = new(1);
    private string _database = "";
    private int _loads;

    private string Pending => _database + ".pending";

    public async ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        if (flaw == Flaw.SlowOpening) await Task.Delay(TooLong, stop);
        _database = context.GetPath("db_name")!;
        var config = new Dictionary<string, string>(context.Config);
        if (flaw == Flaw.TableOfServiceName) config["db_table"] = context.ServiceName;
        context = new()
        {
            ServiceName = context.ServiceName,
            Config = config,
            BaseDirectory = context.BaseDirectory,
            Logger = context.Logger,
        };
        await inner.OpenAsync(context, stop);
        if (flaw == Flaw.ConflictAfterKill && !File.Exists(Pending)) return;
        if (Returning.TryRemove(_database, out var returning)) await inner.CommitAsync(returning, stop);
    }

    public async ValueTask<IReadOnlyList<StorageChange>?> PlanAsync(ItemServiceContext context, CancellationToken stop)
    {
        var plan = await inner.PlanAsync(context, stop);
        if (flaw == Flaw.PlanCreates) await inner.OpenAsync(context, stop);
        return flaw == Flaw.PlanRepeats ? [new() { Statement = "a table" }] : plan;
    }

    public async ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        if (flaw == Flaw.SlowLoad) await Task.Delay(TooLong, stop);
        if (flaw == Flaw.EndlessLoad) await new TaskCompletionSource().Task;
        await _transaction.WaitAsync(stop);
        StoredCollection loaded;
        try
        {
            loaded = await inner.LoadAsync(key, stop);
        }
        finally
        {
            _transaction.Release();
        }
        if (loaded.Items.Count > 1_000 && flaw is Flaw.ClosingCutsLoads or Flaw.ClosingBreaksLoads or Flaw.ClosingWaitsForLoads)
        {
            Interlocked.Increment(ref _loads);
            await _closing.Task.WaitAsync(flaw == Flaw.ClosingWaitsForLoads ? TooLong : TimeSpan.FromSeconds(1), stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _loaded.TrySetResult();
            if (flaw == Flaw.ClosingBreaksLoads && _closing.Task.IsCompleted) throw new ArgumentOutOfRangeException(nameof(key));
            if (flaw == Flaw.ClosingCutsLoads && _closing.Task.IsCompleted)
                return new(loaded.Position, [.. loaded.Items.Take(loaded.Items.Count / 2)]);
        }
        return new(Position(loaded.Position), loaded.Items)
        {
            Tombstones = flaw == Flaw.HistoryOf32768
                ? [.. loaded.Tombstones.OrderByDescending(removal => removal.Revision).Take(32_768)]
                : loaded.Tombstones,
            HistoryStart = loaded.HistoryStart,
        };
    }

    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        if (flaw is not (>= Flaw.ConflictRemoves and <= Flaw.ResetOf4096 or Flaw.EpochOfCopies))
            return await inner.CommitAsync(batch, stop);
        await _transaction.WaitAsync(CancellationToken.None);
        try
        {
            return await CommitOneByOneAsync(batch, stop);
        }
        finally
        {
            _transaction.Release();
        }
    }

    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        if (flaw == Flaw.SlowList) await Task.Delay(TooLong, stop);
        await foreach (var key in inner.ListAsync(flaw == Flaw.ListsByPrefix ? null : app, stop))
        {
            if (app is null || key.App.StartsWith(app, StringComparison.Ordinal)) yield return key;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (flaw == Flaw.ClosingWaitsForLoads && _loads > 0) await _loaded.Task;
        _closing.TrySetResult();
        File.Delete(Pending);
        await inner.DisposeAsync();
    }

    private async Task<List<CommitResult>> CommitOneByOneAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        var results = new List<CommitResult>();
        CollectionKey? conflict = null;
        foreach (var update in batch)
        {
            if (flaw == Flaw.ConflictEndsOthers && conflict is { } key && key != update.Key)
            {
                var (epoch, revision) = (await inner.LoadAsync(update.Key, stop)).Position;
                results.Add(new(CommitStatus.Committed, new(epoch, revision + 1)));
                continue;
            }
            var result = await CommitAsync(update, stop);
            if (result.Status == CommitStatus.Conflict) conflict = update.Key;
            results.Add(result with { Position = Position(result.Position) });
        }
        return results;
    }

    private async Task<CommitResult> CommitAsync(ItemUpdate update, CancellationToken stop)
    {
        if (flaw is Flaw.ResetOfThree or Flaw.ResetOf4096 && update.Reset) update = await ShortenedAsync(update, stop);
        if (flaw == Flaw.EpochOfCopies && update.Expected is { } at)
        {
            var actual = (await inner.LoadAsync(update.Key, stop)).Position;
            update = Of(update, at.Epoch == "always" ? at with { Epoch = actual.Epoch } : at);
        }
        var result = (await inner.CommitAsync([update], stop))[0];
        if (result.Status != CommitStatus.Conflict) return result;
        if (flaw == Flaw.ConflictRemoves) await inner.CommitAsync([new() { Key = update.Key, Remove = update.Remove }], stop);
        if (flaw == Flaw.ConflictResets) await inner.CommitAsync([new() { Key = update.Key, Reset = update.Reset }], stop);
        if (flaw is Flaw.ConflictAfterReopening or Flaw.ConflictAfterKill)
        {
            Returning.GetOrAdd(_database, []).Add(Of(update, null));
            await File.WriteAllTextAsync(Pending, "", stop);
        }
        return result;
    }

    /// <summary>The reset as removals and inserts, of which some removals are left out.</summary>
    private async Task<ItemUpdate> ShortenedAsync(ItemUpdate reset, CancellationToken stop)
    {
        var inserted = reset.Insert.Select(item => item.Id).ToHashSet();
        var removed = (await inner.LoadAsync(reset.Key, stop)).Items.Select(item => item.Id).Where(id => !inserted.Contains(id)).Order();
        var most = flaw == Flaw.ResetOfThree ? 3 : 4_096;
        return removed.Count() <= most ? reset : new() { Key = reset.Key, Remove = [.. removed.Take(most)], Insert = reset.Insert };
    }

    private static ItemUpdate Of(ItemUpdate update, Position? expected) =>
        new() { Key = update.Key, Reset = update.Reset, Remove = update.Remove, Insert = update.Insert, Expected = expected };

    private Position Position(Position position) => flaw == Flaw.EpochOfCopies ? position with { Epoch = "always" } : position;
}

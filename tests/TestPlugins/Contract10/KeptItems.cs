using System.Runtime.CompilerServices;
using SharedState;

namespace Contract10;

/// <summary>A whole storage in memory, by all that version 1.0 of the contract has, and by nothing that came after it.</summary>
public sealed class KeptItems : IItemService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<CollectionKey, Kept> _collections = [];
    private string _epoch = "";

    public ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        var size = context.GetInt32("size", 1, minimum: 1);
        if (context.GetBoolean("locked", false))
            throw new ItemServiceException(ItemServiceFault.Config, "\"locked\" must be false") { ConfigKey = "locked" };
        _epoch = $"{context.GetString("epoch", "kept")}-{context.Time.GetUtcNow().Ticks}";
        context.Logger.Log(
            Microsoft.Extensions.Logging.LogLevel.Information, default, (context.ServiceName, size), null,
            (state, _) => $"{state} is open");
        return default;
    }

    public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        lock (_lock)
        {
            var kept = _collections.GetValueOrDefault(key) ?? new();
            return new(new StoredCollection(new(_epoch, kept.Revision), [.. kept.Items.Values])
            {
                Tombstones = [.. kept.Removals.Select(removal => new Tombstone(removal.Key, removal.Value))],
                HistoryStart = kept.HistoryStart,
            });
        }
    }

    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        lock (_lock) return new([.. batch.Select(Commit)]);
    }

    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        CollectionKey[] keys;
        lock (_lock) keys = [.. _collections.Where(entry => entry.Value.Items.Count > 0 && (app ?? entry.Key.App) == entry.Key.App)
            .Select(entry => entry.Key)];
        foreach (var key in keys) yield return key;
        await Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => default;

    private CommitResult Commit(ItemUpdate update)
    {
        if (!_collections.TryGetValue(update.Key, out var kept)) _collections[update.Key] = kept = new();
        var before = new Position(_epoch, kept.Revision);
        if (update.Expected is { } expected && expected != before) return new(CommitStatus.Conflict, before);
        return kept.Apply(update)
            ? new(CommitStatus.Committed, before with { Revision = kept.Revision })
            : new(CommitStatus.Unchanged, before);
    }

    private sealed class Kept
    {
        public Dictionary<string, StoredItem> Items { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, long> Removals { get; } = new(StringComparer.Ordinal);

        public long Revision { get; private set; }

        public long HistoryStart { get; private set; }

        /// <summary>Applies an update and says whether it had an effect.</summary>
        public bool Apply(ItemUpdate update)
        {
            var next = Revision + 1;
            var removed = update.Remove.Where(Items.Remove).ToArray();
            if (removed.Length == 0 && update.Insert.Count == 0 && !(update.Reset && Items.Count > 0)) return false;
            if (update.Reset)
            {
                Items.Clear();
                Removals.Clear();
                HistoryStart = next;
            }
            foreach (var id in removed) Removals[id] = next;
            foreach (var item in update.Insert)
            {
                Items[item.Id] = new(item.Id, item.Json, next);
                Removals.Remove(item.Id);
            }
            Revision = next;
            return true;
        }
    }
}

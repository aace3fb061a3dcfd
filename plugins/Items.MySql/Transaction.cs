using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>
/// One commit: a few round trips, however many updates there are. All that another host may do at the same time waits at the rows of the
/// collections, which are locked in one order.
/// </summary>
internal sealed class Transaction(MySqlConnection connection, Tables tables, MySqlOptions options, long packetBytes, CancellationToken stop)
{
    private readonly CommandText _text = new(packetBytes);

    /// <summary>What became of the updates, which collections another program had changed, and what was stored.</summary>
    /// <param name="Results">A result for each update.</param>
    /// <param name="Adopted">The collections that another program had changed.</param>
    /// <param name="Stored">The last commit; null if nothing was stored.</param>
    public sealed record Outcome(CommitResult[] Results, IReadOnlyList<CollectionKey> Adopted, Landmark? Stored);

    /// <summary>Stores a batch.</summary>
    /// <param name="batch">The updates.</param>
    /// <param name="storeEpoch">The last known epoch of the store, for the <see cref="Landmark"/>.</param>
    /// <param name="suspect">A collection to adopt, if another program changed it; null for none.</param>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.OutcomeUnknown"/>: the COMMIT was sent and not answered.
    /// </exception>
    public async Task<Outcome> RunAsync(IReadOnlyList<ItemUpdate> batch, string storeEpoch, CollectionKey? suspect)
    {
        // :: 1. Lock the collections, always in the same order, and ask which of the named items are there.
        var drafts = new SortedDictionary<CollectionKey, CollectionDraft>(KeyOrder.Instance);
        if (suspect is { } key) drafts.Add(key, new(key) { MustCount = true });
        for (var i = 0; i < batch.Count; i++)
        {
            if (!drafts.TryGetValue(batch[i].Key, out var draft)) drafts.Add(batch[i].Key, draft = new(batch[i].Key));
            draft.Name(batch[i]);
        }
        var reading = new TransactionReading(connection, tables, _text, stop);
        _text.Add("ROLLBACK").End();
        _text.Add("START TRANSACTION").End();
        await reading.RunAsync(drafts.Values);

        // :: 2. What another program changed begins anew; then the updates, in their order, in memory.
        var adopted = drafts.Values.Where(draft => draft.TryAdopt()).Select(draft => draft.Key).ToArray();
        var results = new CommitResult[batch.Count];
        for (var i = 0; i < results.Length; i++)
        {
            var draft = drafts[batch[i].Key];
            var status = draft.Apply(batch[i]);
            results[i] = new CommitResult(status, draft.Row!.Position);
        }

        // :: 3. Write what is left of them, each item once.
        CollectionDraft[] dirty = [.. drafts.Values.Where(draft => draft.Dirty)];
        await new TransactionWriting(connection, tables, options, _text, stop).RunAsync(dirty);
        stop.ThrowIfCancellationRequested();

        // :: 4. From here on nobody is told that nothing happened. It is not cancelled: it takes no longer than a write to disk.
        try
        {
            using var commit = new MySqlCommand("COMMIT", connection);
            await commit.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (Faults.IsForeign(e))
        {
            throw new ItemServiceException(
                ItemServiceFault.OutcomeUnknown, $"{options.Name} went away while it was to store: {e.Message}", e);
        }
        var stored = dirty is [.., { Row: { } last }] ? new Landmark(last.Id, last.Epoch, last.Revision, TimeSpan.Zero, storeEpoch) : null;
        return new(results, adopted, stored);
    }

    /// <summary>Waits until no transaction holds the row of a collection, be it one that inserts it.</summary>
    public async Task<bool> WaitAsync(CollectionKey key)
    {
        _text.Add("ROLLBACK").End();
        _text.Add("START TRANSACTION").End();
        _text.Add($"SELECT collection FROM {tables.Collections} WHERE app = ").Bytes(key.App).Add(" AND chnl = ")
            .Bytes(key.Collection).Add(" FOR UPDATE").End();
        _text.Add("ROLLBACK").End();
        using var command = _text.Take(connection);
        await command.ExecuteNonQueryAsync(stop);
        return true;
    }

    /// <summary>The order of locks, the same in all hosts.</summary>
    private sealed class KeyOrder : IComparer<CollectionKey>
    {
        public static KeyOrder Instance { get; } = new();

        public int Compare(CollectionKey x, CollectionKey y) =>
            string.CompareOrdinal(x.App, y.App) is var order and not 0 ? order : string.CompareOrdinal(x.Collection, y.Collection);
    }
}

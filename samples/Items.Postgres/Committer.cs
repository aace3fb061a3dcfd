using System.Data;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>Commits batches, each in one transaction.</summary>
internal sealed class Committer(Database database)
{
    // PostgreSQL ends at a gibibyte a value, and holds several copies of one on its way.
    private const int MaxItemBytes = 128 << 20;

    // What is larger is not kept for other hosts: they load the collection.
    private const int MaxLoggedBytes = 2 << 20;

    /// <summary>Commits a batch; whether anything was changed, and the results.</summary>
    public Task<(bool IsChanged, CommitResult[] Results)> CommitAsync(IReadOnlyList<ItemUpdate> updates, CancellationToken stop)
    {
        if (updates.Any(u => u.Insert.Any(i => i.Json.Length > MaxItemBytes)))
        {
            throw new ItemServiceException(ItemServiceFault.TooLarge, $"An item has more than {MaxItemBytes >> 20} MiB.");
        }

        return database.RunAsync((connection, s) => CommitAsync(connection, updates, s), stop);
    }

    /// <summary>Waits until no transaction holds a collection's row, be it one that makes the row.</summary>
    public Task<bool> WaitAsync(CollectionKey key, CancellationToken stop) => database.RunAsync(
        async (connection, s) =>
        {
            // Rolled back when the connection is closed.
            await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, s).ConfigureAwait(false);
            await LockedBatch.LockAsync(connection, [new ItemUpdate { Key = key }], s).ConfigureAwait(false);
            return true;
        },
        stop);

    private static async Task<(bool, CommitResult[])> CommitAsync(
        NpgsqlConnection connection, IReadOnlyList<ItemUpdate> updates, CancellationToken stop)
    {
        // Each statement sees what was committed before it: the one that locks the rows thereby sees their last state. If this does not end
        // in a commit, the connection rolls back when it is closed; disposing of the transaction here might hide what became of the commit.
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, stop).ConfigureAwait(false);
        var batch = await LockedBatch.LockAsync(connection, updates, stop).ConfigureAwait(false);
        var results = new CommitResult[updates.Count];
        var log = new List<LoggedCommit>();
        for (var i = 0; i < results.Length; i++)
        {
            var ledger = batch[updates[i].Key];
            var status = ledger.Apply(updates[i], batch.Epoch, out var removed);
            results[i] = new CommitResult(status, new Position(batch.Epoch, ledger.Revision));
            if (status == CommitStatus.Committed && IsLogged(updates[i]))
            {
                log.Add(new LoggedCommit(ledger.Id, ledger.Revision, Codec.Encode(updates[i], removed)));
            }
        }

        if (!batch.Ledgers.Any(l => l.IsChanged))
        {
            return (false, results);
        }

        await Writer.WriteAsync(connection, batch.Ledgers, log, stop).ConfigureAwait(false);
        await EndAsync(transaction, stop).ConfigureAwait(false);
        return (true, results);
    }

    private static async Task EndAsync(NpgsqlTransaction transaction, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        try
        {
            await transaction.CommitAsync(stop).ConfigureAwait(false);
        }
        catch (Exception e)
            when (!Faults.IsRolledBack(e) && !(e is OperationCanceledException { InnerException: { } inner } && Faults.IsRolledBack(inner)))
        {
            throw new ItemServiceException(
                ItemServiceFault.OutcomeUnknown, $"The connection to PostgreSQL was lost during a commit ({e.Message}).", e);
        }
    }

    private static bool IsLogged(ItemUpdate update) =>
        update.Insert.Sum(i => (long)i.Json.Length) + (update.Remove.Count * 64L) <= MaxLoggedBytes;
}

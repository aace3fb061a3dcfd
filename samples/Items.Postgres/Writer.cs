using Npgsql;

namespace Items.Postgres;

/// <summary>
/// Puts what a batch did into statements: a few in all, whatever the number of updates and items. What several updates did to an item is
/// written once; the log gets each update.
/// </summary>
internal sealed class Writer
{
    // A statement's parameters are at most a gibibyte, and the server holds them in memory.
    private const int ChunkBytes = 16 << 20;
    private const int ChunkRows = 20_000;

    private const string PutItems =
        """
        INSERT INTO items (collection, id, revision, json) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[])
        ON CONFLICT (collection, id) DO UPDATE SET revision = excluded.revision, json = excluded.json
        """;

    private const string PutRemovals =
        """
        INSERT INTO removals (collection, id, revision) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[])
        ON CONFLICT (collection, id) DO UPDATE SET revision = excluded.revision
        """;

    private const string DeleteItems =
        "DELETE FROM items t USING unnest($1::bigint[], $2::bytea[]) AS k (c, id) WHERE t.collection = k.c AND t.id = k.id";
    private const string DeleteRemovals =
        "DELETE FROM removals t USING unnest($1::bigint[], $2::bytea[]) AS k (c, id) WHERE t.collection = k.c AND t.id = k.id";
    private const string ResetItems = "DELETE FROM items WHERE collection = ANY ($1::bigint[])";
    private const string ResetRemovals = "DELETE FROM removals WHERE collection = ANY ($1::bigint[])";
    private const string PutCommits =
        "INSERT INTO commits (collection, revision, body) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])";

    // The number of removals is what there may be at most: an item that comes back takes its removal along, which is not counted.
    private const string PutCollections =
        """
        UPDATE collections c SET revision = n.revision, items = n.items, changed = pg_current_xact_id(), forgotten = NULL,
            history_start = coalesce(n.reset, c.history_start),
            removals = n.removals + CASE WHEN n.reset IS NULL THEN c.removals ELSE 0 END
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS n (id, revision, items, reset, removals)
        WHERE c.id = n.id
        """;

    private readonly NpgsqlBatch _batch;

    private Writer(NpgsqlBatch batch) => _batch = batch;

    /// <summary>Writes what a batch did.</summary>
    public static async Task WriteAsync(
        NpgsqlConnection connection, IEnumerable<Ledger> ledgers, IEnumerable<LoggedCommit> commits, CancellationToken stop)
    {
        await using var batch = new NpgsqlBatch(connection);
        var writer = new Writer(batch);
        var changed = ledgers.Where(l => l.IsChanged).ToArray();
        writer.AddResets([.. changed.Where(l => l.ResetAt != null).Select(l => l.Id)]);
        writer.AddItems([.. changed.SelectMany(l => l.Changes, (l, c) => new Change(l.Id, l.ResetAt != null, c.Key, c.Value))]);
        writer.AddCollections(changed);
        foreach (var chunk in Chunks(commits, c => c.Body.Length))
        {
            writer.Add(PutCommits, Array(chunk, c => c.Collection), Array(chunk, c => c.Revision), Array(chunk, c => c.Body));
        }

        await batch.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
    }

    private void AddResets(long[] reset)
    {
        if (reset.Length > 0)
        {
            Add(ResetItems, reset);
            Add(ResetRemovals, reset);
        }
    }

    private void AddItems(Change[] changes)
    {
        foreach (var chunk in Chunks(changes.Where(c => !c.Entry.IsThere), c => c.Id.Length))
        {
            Add(DeleteItems, Array(chunk, c => c.Collection), Array(chunk, c => Names.Encode(c.Id)));
            Add(PutRemovals, Array(chunk, c => c.Collection), Array(chunk, c => Names.Encode(c.Id)), Array(chunk, c => c.Entry.Revision));
        }

        foreach (var chunk in Chunks(changes.Where(c => c.Entry.IsThere), c => c.Id.Length + c.Entry.Json.Length))
        {
            Add(
                PutItems, Array(chunk, c => c.Collection), Array(chunk, c => Names.Encode(c.Id)), Array(chunk, c => c.Entry.Revision),
                Array(chunk, c => c.Entry.Json));
        }

        foreach (var chunk in Chunks(changes.Where(c => c.Entry.IsThere && !c.WasReset), c => c.Id.Length))
        {
            Add(DeleteRemovals, Array(chunk, c => c.Collection), Array(chunk, c => Names.Encode(c.Id)));
        }
    }

    private void AddCollections(Ledger[] changed) =>
        Add(
            PutCollections,
            Array(changed, l => l.Id),
            Array(changed, l => l.Revision),
            Array(changed, l => l.Items),
            Array(changed, l => l.ResetAt),
            Array(changed, l => l.Changes.LongCount(c => !c.Value.IsThere)));

    private void Add(string sql, params object[] values) => _batch.BatchCommands.Add(Sql.Part(sql, values));

    private static TValue[] Array<TRow, TValue>(IReadOnlyCollection<TRow> rows, Func<TRow, TValue> value)
    {
        var values = new TValue[rows.Count];
        var i = 0;
        foreach (var row in rows)
        {
            values[i++] = value(row);
        }

        return values;
    }

    private static IEnumerable<List<T>> Chunks<T>(IEnumerable<T> rows, Func<T, int> size)
    {
        var chunk = new List<T>();
        var bytes = 0L;
        foreach (var row in rows)
        {
            if (chunk.Count == ChunkRows || (chunk.Count > 0 && bytes + size(row) > ChunkBytes))
            {
                yield return chunk;
                chunk = [];
                bytes = 0;
            }

            chunk.Add(row);
            bytes += size(row);
        }

        if (chunk.Count > 0)
        {
            yield return chunk;
        }
    }

    private readonly record struct Change(long Collection, bool WasReset, string Id, Ledger.Entry Entry);
}

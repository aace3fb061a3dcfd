using System.Data;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>Reads collections, and names them.</summary>
internal sealed class Loader(Database database, int atOnce) : IDisposable
{
    private const int PageSize = 1000;

    // So that loads, however many, leave connections for commits and for the feed.
    private readonly SemaphoreSlim _turns = new(atOnce);

    /// <summary>Reads a whole collection at one position.</summary>
    public async Task<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        await _turns.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return await database.RunAsync((connection, s) => LoadAsync(connection, key, s), stop).ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <summary>A page of the collections that hold items, in the order of their names, after one of them.</summary>
    public Task<List<CollectionKey>> ListAsync(string? app, CollectionKey? after, CancellationToken stop) =>
        database.RunAsync((connection, s) => ListAsync(connection, app, after, s), stop);

    /// <summary>Whether a page is not the last one.</summary>
    public static bool IsFull(List<CollectionKey> page) => page.Count == PageSize;

    public void Dispose() => _turns.Dispose();

    private static async Task<StoredCollection> LoadAsync(NpgsqlConnection connection, CollectionKey key, CancellationToken stop)
    {
        // All statements see what the first one sees.
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, stop).ConfigureAwait(false);
        byte[] app = Names.Encode(key.App), name = Names.Encode(key.Collection);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Command(
                    $"""
                    SELECT s.epoch, coalesce(c.revision, f.forgotten), coalesce(c.history_start, f.forgotten)
                    FROM {Lineage.Row} s CROSS JOIN shared_state f LEFT JOIN collections c ON c.app = $1 AND c.name = $2
                    """),
                Command(
                    "SELECT id, json, revision FROM items WHERE collection = (SELECT id FROM collections WHERE app = $1 AND name = $2)"),
                Command("SELECT id, revision FROM removals WHERE collection = (SELECT id FROM collections WHERE app = $1 AND name = $2)"),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(stop).ConfigureAwait(false);
        if (!await reader.ReadAsync(stop).ConfigureAwait(false))
        {
            throw new HistoryReplacedException();
        }

        var position = new Position(reader.GetString(0), reader.GetInt64(1));
        var historyStart = reader.GetInt64(2);
        var items = new List<StoredItem>();
        await reader.NextResultAsync(stop).ConfigureAwait(false);
        while (await reader.ReadAsync(stop).ConfigureAwait(false))
        {
            items.Add(new StoredItem(Names.Decode(reader.GetFieldValue<byte[]>(0)), reader.GetFieldValue<byte[]>(1), reader.GetInt64(2)));
        }

        var removals = new List<Tombstone>();
        await reader.NextResultAsync(stop).ConfigureAwait(false);
        while (await reader.ReadAsync(stop).ConfigureAwait(false))
        {
            removals.Add(new Tombstone(Names.Decode(reader.GetFieldValue<byte[]>(0)), reader.GetInt64(1)));
        }

        return new StoredCollection(position, items) { Tombstones = removals, HistoryStart = historyStart };

        NpgsqlBatchCommand Command(string sql) => new(sql) { Parameters = { new() { Value = app }, new() { Value = name } } };
    }

    private static async Task<List<CollectionKey>> ListAsync(
        NpgsqlConnection connection, string? app, CollectionKey? after, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(
            $"""
            SELECT app, name FROM collections
            WHERE items > 0 AND (app, name) > ($1, $2){(app == null ? "" : " AND app = $3")}
            ORDER BY app, name LIMIT {PageSize}
            """,
            connection);
        // No name is empty, so nothing is before this one.
        command.Parameters.Add(new NpgsqlParameter { Value = Names.Encode(after?.App ?? app ?? "") });
        command.Parameters.Add(new NpgsqlParameter { Value = Names.Encode(after?.Collection ?? "") });
        if (app != null)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = Names.Encode(app) });
        }

        await using var reader = await command.ExecuteReaderAsync(stop).ConfigureAwait(false);
        var page = new List<CollectionKey>();
        while (await reader.ReadAsync(stop).ConfigureAwait(false))
        {
            page.Add(new CollectionKey(Names.Decode(reader.GetFieldValue<byte[]>(0)), Names.Decode(reader.GetFieldValue<byte[]>(1))));
        }

        return page;
    }
}

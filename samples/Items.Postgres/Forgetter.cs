using System.Data;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>
/// Forgets collections that were emptied: their removals and their commits at once, and later, by the <see cref="Janitor"/>, the row, by
/// which other hosts are told of the last commit.
/// </summary>
internal sealed class Forgetter(Database database)
{
    private const int PageSize = 1000;

    private static readonly string _emptied =
        $"""
        SELECT s.epoch, c.app, c.name, c.revision FROM collections c CROSS JOIN {Lineage.Row} s
        WHERE c.items = 0 AND c.forgotten IS NULL AND (c.app, c.name) > ($1, $2) ORDER BY c.app, c.name LIMIT {PageSize}
        """;

    private static readonly string _lock =
        $"SELECT id FROM collections WHERE app = $1 AND name = $2 AND items = 0 AND revision = $3 AND {Lineage.Row} = $4 FOR UPDATE";

    private static readonly string _neverWritten =
        $"""
        SELECT FROM shared_state WHERE forgotten = $3 AND {Lineage.Row} = $4
          AND NOT EXISTS (SELECT FROM collections WHERE app = $1 AND name = $2)
        """;

    /// <summary>A page of the collections that have a history and no items, in the order of their names, after one of them.</summary>
    public Task<List<CollectionPosition>> ListAsync(CollectionKey? after, CancellationToken stop) =>
        database.RunAsync((connection, s) => ListAsync(connection, after, s), stop);

    /// <summary>Whether a page is not the last one.</summary>
    public static bool IsFull(List<CollectionPosition> page) => page.Count == PageSize;

    /// <summary>Forgets a collection if it has no items and stands at this position. Done twice, it does no harm.</summary>
    public Task<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop) =>
        database.RunAsync((connection, s) => ForgetAsync(connection, key, at, s), stop);

    private static async Task<List<CollectionPosition>> ListAsync(NpgsqlConnection connection, CollectionKey? after, CancellationToken stop)
    {
        // No name is empty, so nothing is before this one.
        await using var command = Sql.Command(connection, _emptied, Names.Encode(after?.App ?? ""), Names.Encode(after?.Collection ?? ""));
        await using var reader = await command.ExecuteReaderAsync(stop).ConfigureAwait(false);
        var page = new List<CollectionPosition>();
        while (await reader.ReadAsync(stop).ConfigureAwait(false))
        {
            var key = new CollectionKey(Names.Decode(reader.GetFieldValue<byte[]>(1)), Names.Decode(reader.GetFieldValue<byte[]>(2)));
            page.Add(new CollectionPosition(key, new Position(reader.GetString(0), reader.GetInt64(3))));
        }

        return page;
    }

    private static async Task<bool> ForgetAsync(NpgsqlConnection connection, CollectionKey key, Position at, CancellationToken stop)
    {
        object[] where = [Names.Encode(key.App), Names.Encode(key.Collection), at.Revision, at.Epoch];
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, stop).ConfigureAwait(false);

        // A commit locks the same row. Where it was first, the row is looked at again, as the commit left it.
        if (await Sql.ScalarAsync(connection, stop, _lock, where).ConfigureAwait(false) is not long id)
        {
            await using var neverWritten = Sql.Command(connection, _neverWritten, where);
            await using var reader = await neverWritten.ExecuteReaderAsync(stop).ConfigureAwait(false);
            return await reader.ReadAsync(stop).ConfigureAwait(false);
        }

        await Sql.ExecuteAsync(connection, stop, "DELETE FROM removals WHERE collection = $1", id).ConfigureAwait(false);
        await Sql.ExecuteAsync(connection, stop, "DELETE FROM commits WHERE collection = $1", id).ConfigureAwait(false);
        const string Mark =
            "UPDATE collections SET history_start = revision, removals = 0, forgotten = now(), changed = pg_current_xact_id() WHERE id = "
                + "$1 AND forgotten IS NULL";
        await Sql.ExecuteAsync(connection, stop, Mark, id).ConfigureAwait(false);
        await transaction.CommitAsync(stop).ConfigureAwait(false);
        return true;
    }
}

using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>
/// Forgets collections that were emptied. The row of a forgotten collection stays for as long as its commits would have
/// (<see cref="Pruning"/> removes it), at revision 0 of a new epoch: so other hosts are told by a row in the table of commits, as they are
/// of any change.
/// </summary>
internal sealed class Forgetting(MySqlConnection connection, Tables tables, CancellationToken stop)
{
    /// <summary>Names some collections that have a history and no items, in the order of their rows.</summary>
    /// <param name="after">Only those after this row; 0 to begin.</param>
    /// <param name="count">At most so many.</param>
    public async Task<IReadOnlyList<(long Row, CollectionPosition Collection)>> ListAsync(long after, int count)
    {
        using var command = new MySqlCommand(
            $"SELECT collection, app, chnl, epoch, revision FROM {tables.Collections} "
            + $"WHERE collection > {after} AND items = 0 AND revision > 0 ORDER BY collection LIMIT {count}", connection);
        await using var reader = await command.ExecuteReaderAsync(stop);
        var emptied = new List<(long, CollectionPosition)>();
        while (await reader.ReadAsync(stop))
        {
            var key = new CollectionKey(CommandText.Text(reader, 1), CommandText.Text(reader, 2));
            emptied.Add((reader.GetInt64(0), new CollectionPosition(key, new Position(reader.GetString(3), reader.GetInt64(4)))));
        }
        return emptied;
    }

    /// <summary>Forgets a collection if it has no items and stands at this position.</summary>
    public async Task<bool> RunAsync(CollectionKey key, Position at)
    {
        // :: 1. Lock the row that each commit of the collection locks first. Items may also be another program's.
        var text = new CommandText(long.MaxValue);
        text.Add("ROLLBACK").End();
        text.Add("START TRANSACTION").End();
        using (var begin = text.Take(connection)) await begin.ExecuteNonQueryAsync(stop);
        text.Add($"SELECT collection, epoch, revision FROM {tables.Collections} WHERE app = ").Bytes(key.App)
            .Add(" AND chnl = ").Bytes(key.Collection).Add(" FOR UPDATE").End();
        text.Add($"SELECT COUNT(*) FROM {tables.Items} WHERE app = ").Value(StoredName.Of(key.App, StoredName.NameLimit))
            .Add(" AND chnl = ").Value(StoredName.Of(key.Collection, StoredName.NameLimit)).End();
        text.Add($"SELECT epoch FROM {tables.Store}").End();
        var (id, position, items) = await StandingAsync(text);

        // :: 2. What is not there, or was forgotten already, needs nothing.
        var stands = position == at && items == 0;
        if (!stands || position.Revision == 0)
        {
            using var rollback = new MySqlCommand("ROLLBACK", connection);
            await rollback.ExecuteNonQueryAsync(stop);
            return stands;
        }

        // :: 3. It may begin again, once its row is gone too: its revisions must be those of another epoch. Its row is another one, with
        // another number: a host that
        //       reads commits of the old one finds none, and never those of the new one.
        var epoch = Epoch.New();
        text.Add($"DELETE FROM {tables.Removals} WHERE collection = ").Add(id).End();
        text.Add($"DELETE FROM {tables.Commits} WHERE collection = ").Add(id).End();
        text.Add($"UPDATE {tables.Store} SET epoch = ").Value(epoch).End();
        text.Add($"DELETE FROM {tables.Collections} WHERE collection = ").Add(id).End();
        text.Add($"INSERT INTO {tables.Collections} (app, chnl, epoch, epoch_start, revision, history_start, items, removals) VALUES (")
            .Bytes(key.App).Add(", ").Bytes(key.Collection).Add(", ").Value(epoch).Add(", 0, 0, 0, 0, 0)").End();
        text.Add($"INSERT INTO {tables.Commits} (collection, revision, data) VALUES (LAST_INSERT_ID(), 0, NULL)").End();
        text.Add("COMMIT").End();
        using var command = text.Take(connection);
        await command.ExecuteNonQueryAsync(stop);
        return true;
    }

    private async Task<(long Id, Position Position, long Items)> StandingAsync(CommandText text)
    {
        using var command = text.Take(connection);
        await using var reader = await command.ExecuteReaderAsync(stop);
        (long Id, Position Position)? row = await reader.ReadAsync(stop)
            ? (reader.GetInt64(0), new Position(reader.GetString(1), reader.GetInt64(2)))
            : null;
        await reader.NextResultAsync(stop);
        await reader.ReadAsync(stop);
        var items = reader.GetInt64(0);
        await reader.NextResultAsync(stop);
        await reader.ReadAsync(stop);
        var (id, position) = row ?? (0, new Position(reader.GetString(0), 0));
        return (id, position, items);
    }
}

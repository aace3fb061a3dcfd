using Microsoft.Extensions.Logging;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>Reads collections, each at one point in time, whatever is committed meanwhile.</summary>
internal sealed class Loading(Tables tables, MySqlOptions options, Fence fence, ILogger logger)
{
    /// <summary>Reads a collection, or returns null: another program changed it, and it must be adopted first.</summary>
    public async Task<StoredCollection?> LoadAsync(MySqlConnection connection, CollectionKey key, CancellationToken stop)
    {
        var text = new CommandText(long.MaxValue);
        text.Add("ROLLBACK").End();
        text.Add("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").End();
        text.Add("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").End();
        text.Add($"""
            SELECT collection, collections.epoch, epoch_start, revision, history_start, items, removals, store.epoch, (
                SELECT {Landmark.AgeColumn} FROM {tables.Commits} AS last
                    WHERE last.collection = collections.collection AND last.revision = collections.revision
                AND made > CURRENT_TIMESTAMP(6) - INTERVAL 10 SECOND)
            FROM {tables.Store} AS store LEFT JOIN {tables.Collections} AS collections ON app =
            """).Add(" ").Bytes(key.App).Add(" AND chnl = ").Bytes(key.Collection).End();
        text.Add($"SELECT id, revision, touched IS NOT NULL, CAST(data AS BINARY) FROM {tables.Items} WHERE app = ")
            .Value(StoredName.Of(key.App, StoredName.NameLimit))
            .Add(" AND chnl = ")
            .Value(StoredName.Of(key.Collection, StoredName.NameLimit))
            .End();
        text.Add(
                $"SELECT id, removals.revision FROM {tables.Removals} AS removals JOIN {tables.Collections} USING (collection) WHERE app = "
            )
            .Bytes(key.App)
            .Add(" AND chnl = ").Bytes(key.Collection).End();
        text.Add("COMMIT").End();

        using var command = text.Take(connection);
        await using var reader = await command.ExecuteReaderAsync(stop);
        await Results.ToColumnsAsync(reader, stop);
        await reader.ReadAsync(stop);
        var storeEpoch = reader.GetString(7);
        var row = reader.IsDBNull(0) ? new CollectionRow { Epoch = storeEpoch } : TransactionReading.Row(reader);
        TimeSpan? age = reader.IsDBNull(8) ? null : TimeSpan.FromMicroseconds(reader.GetInt64(8)); // what is older is on disk

        await reader.NextResultAsync(stop);
        await Results.ToColumnsAsync(reader, stop);
        var items = await ItemsAsync(reader, key, row, stop);

        await reader.NextResultAsync(stop);
        await Results.ToColumnsAsync(reader, stop);
        var removals = new List<Tombstone>();
        while (await reader.ReadAsync(stop)) removals.Add(new Tombstone(CommandText.Text(reader, 0), reader.GetInt64(1)));

        // The COMMIT, which lets go of the point in time.
        while (await reader.NextResultAsync(stop))
        {
        }
        await reader.DisposeAsync();
        if (age is { } fresh) await fence.WaitAsync(connection, new(row.Id, row.Epoch, row.Revision, fresh, storeEpoch), stop);
        return items is null ? null : new StoredCollection(row.Position, items) { Tombstones = removals, HistoryStart = row.HistoryStart };
    }

    /// <summary>Names the collections that have items.</summary>
    public async Task<IReadOnlyList<CollectionKey>> ListAsync(MySqlConnection connection, string? app, CancellationToken stop)
    {
        var keys = new HashSet<CollectionKey>();
        var text = new CommandText(long.MaxValue);
        text.Add($"SELECT DISTINCT app, chnl FROM {tables.Items}");
        if (app is not null) text.Add(" WHERE app = ").Value(StoredName.Of(app, StoredName.NameLimit));
        using (var command = text.Take(connection))
        {
            await using var reader = await command.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop)) AddIfShort(new(reader.GetString(0), reader.GetString(1)));
        }

        // The names of which the items' table has the beginning only, and perhaps others: no name has more characters than bytes.
        text.Add($"SELECT app, chnl FROM {tables.Collections} WHERE items > 0 AND ")
            .Add($"(LENGTH(app) >= {StoredName.NameLimit} OR LENGTH(chnl) >= {StoredName.NameLimit})");
        if (app is not null) text.Add(" AND app = ").Bytes(app);
        using (var command = text.Take(connection))
        {
            await using var reader = await command.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop)) keys.Add(new(CommandText.Text(reader, 0), CommandText.Text(reader, 1)));
        }
        return [.. keys];

        // What another program wrote may be empty, or hold what no path can.
        void AddIfShort(CollectionKey key)
        {
            if (StoredName.IsCut(key.App, StoredName.NameLimit) || StoredName.IsCut(key.Collection, StoredName.NameLimit)) return;
            if (key.App.Length > 0 && key.Collection.Length > 0 && !key.App.Any(char.IsControl) && !key.Collection.Any(char.IsControl))
                keys.Add(key);
        }
    }

    /// <summary>Reads the items; null where they are not those that the collection's row tells of.</summary>
    private async Task<List<StoredItem>?> ItemsAsync(
        MySqlDataReader reader, CollectionKey key, CollectionRow collection, CancellationToken stop)
    {
        var items = new List<StoredItem>((int)collection.Items);
        var (count, leftOut, touched) = (0L, 0L, false);
        while (await reader.ReadAsync(stop))
        {
            count++;
            touched |= reader.GetInt64(2) != 0;
            var (stored, revision, data) = (
                reader.GetString(0), reader.GetInt64(1), reader.IsDBNull(3) ? null : (byte[])reader.GetValue(3));
            if (revision > 0 && !StoredName.IsCut(stored, StoredName.IdLimit))
            {
                // As this plugin wrote it, or else the touch tells.
                items.Add(new StoredItem(stored, data, Clamp(revision)));
            }
            else if (ItemText.TryRead(stored, data, out var id, out var json))
            {
                items.Add(new StoredItem(id, json, Clamp(revision)));
            }
            else
            {
                leftOut++;
            }
        }
        if (touched || count != collection.Items) return null;
        if (leftOut > 0) logger.RowsLeftOut(leftOut, key.App, key.Collection, options.Table);
        return items;

        long Clamp(long revision) => Math.Clamp(revision, collection.EpochStart, collection.Revision);
    }
}

using Microsoft.Data.Sqlite;

namespace SharedState.Items.Sqlite;

/// <summary>Finds collections, on a connection that reads or on the one that writes.</summary>
internal sealed class CollectionIndex(SqliteConnection connection, Schema schema) : IDisposable
{
    private readonly Statement _changed = new(connection, $"SELECT 1 FROM {schema.Changed} WHERE app = ?1 AND chnl = ?2");
    private readonly Statement _epoch = new(connection, $"SELECT epoch FROM {schema.Store}");
    private readonly Statement _row = new(connection, $"""
        SELECT collection, epoch, epoch_start, revision, history_start, items, removals
        FROM {schema.Collections} WHERE app = ?1 AND chnl = ?2
        """);

    /// <summary>Whether another program changed the collection, so that it must be adopted before anything is said of it.</summary>
    public bool IsChanged(CollectionKey key) => _changed.Text(key.App, key.Collection) is not null;

    /// <summary>Where the collection stands: at revision 0 of the store's epoch if it has no history.</summary>
    public CollectionRow Find(CollectionKey key)
    {
        using var row = _row.Query(key.App, key.Collection);
        if (!row.Read()) return new CollectionRow { Epoch = _epoch.Text()! };
        return new CollectionRow
        {
            Id = row.Number(0),
            Epoch = row.Text(1)!,
            EpochStart = row.Number(2),
            Revision = row.Number(3),
            HistoryStart = row.Number(4),
            Items = row.Number(5),
            Removals = row.Number(6),
        };
    }

    public void Dispose()
    {
        _changed.Dispose();
        _epoch.Dispose();
        _row.Dispose();
    }
}

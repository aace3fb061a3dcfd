using System.Text;
using System.Text.Unicode;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace SharedState.Items.Sqlite;

/// <summary>A connection that reads, used by one thread at a time.</summary>
internal sealed class ReadConnection : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteOptions _options;
    private readonly ILogger _logger;
    private readonly CollectionIndex _collections;
    private readonly Statement _begin;
    private readonly Statement _end;
    private readonly Statement _items;
    private readonly Statement _removals;
    private readonly Statement _next;
    private readonly Statement _nextInApp;
    private readonly Statement _emptied;

    /// <summary>Prepares the statements.</summary>
    /// <remarks>
    /// Other programs may have written what is no text where a text should be: existing tables allow NULL in their key, and any table
    /// allows BLOBs. Neither can be addressed by a client.
    /// </remarks>
    /// <param name="connection">An open connection, disposed of with this.</param>
    /// <param name="options">The service's options.</param>
    /// <param name="schema">The tables.</param>
    /// <param name="logger">Where to tell of rows that hold no item.</param>
    public ReadConnection(SqliteConnection connection, SqliteOptions options, Schema schema, ILogger logger)
    {
        _connection = connection;
        _logger = logger;
        _options = options;
        _collections = new CollectionIndex(connection, schema);
        _begin = new Statement(connection, "BEGIN");
        _end = new Statement(connection, "COMMIT");
        _items = new Statement(
            connection, $"SELECT iif(typeof(id) = 'blob', NULL, id), ctime, data FROM {schema.Items} WHERE app = ?1 AND chnl = ?2");
        _removals = new Statement(connection, $"SELECT id, revision FROM {schema.Removals} WHERE collection = ?1");

        // In SQLite's order each BLOB comes after all texts.
        _next = new Statement(connection, $"""
            SELECT app, chnl FROM {schema.Items}
            WHERE (app, chnl) > (?1, ?2) AND app < x'' AND chnl < x'' ORDER BY app, chnl LIMIT 1
            """);
        _nextInApp = new Statement(connection, $"""
            SELECT app, chnl FROM {schema.Items}
            WHERE app = ?1 AND chnl > ?2 AND chnl < x'' ORDER BY chnl LIMIT 1
            """);
        _emptied = new Statement(connection, $"""
            SELECT collection, app, chnl, epoch, revision FROM {schema.Collections}
            WHERE collection > ?1 AND items = 0 ORDER BY collection LIMIT ?2
            """);
    }

    /// <summary>
    /// Reads a collection within one transaction, or returns null: another program changed it, and it must be adopted first.
    /// </summary>
    /// <param name="key">The collection.</param>
    /// <param name="stop">Looked at between two rows, each of which is one step down a key.</param>
    public StoredCollection? Load(CollectionKey key, CancellationToken stop)
    {
        _begin.Execute();
        try
        {
            OpenedFile.Check(_connection, _options);
            if (_collections.IsChanged(key)) return null;
            var row = _collections.Find(key);
            var (items, removals) = (Items(key, row, stop), Removals(row, stop));
            return new StoredCollection(row.Position, items) { Tombstones = removals, HistoryStart = row.HistoryStart };
        }
        finally
        {
            _end.Execute();
        }
    }

    /// <summary>
    /// Names collections that have items, in order. Each is found by one step down the key, however many items the ones before it have.
    /// </summary>
    /// <param name="app">Only those of this app; null for all.</param>
    /// <param name="after">Only those after this one; null to begin.</param>
    /// <param name="count">At most so many.</param>
    public IReadOnlyList<CollectionKey> List(string? app, CollectionKey? after, int count)
    {
        var keys = new List<CollectionKey>();
        var (lastApp, lastCollection) = (Encoding.UTF8.GetBytes(after?.App ?? app ?? ""), Encoding.UTF8.GetBytes(after?.Collection ?? ""));
        while (keys.Count < count)
        {
            using var row = (app is null ? _next : _nextInApp).Query(lastApp, lastCollection);
            if (!row.Read()) break;
            (lastApp, lastCollection) = (row.Bytes(0)!, row.Bytes(1)!);
            if (IsName(lastApp) && IsName(lastCollection))
                keys.Add(new CollectionKey(Encoding.UTF8.GetString(lastApp), Encoding.UTF8.GetString(lastCollection)));
        }
        return keys;
    }

    /// <summary>Names collections that have a history and no items, in the order of their rows.</summary>
    /// <param name="after">Only those after this row; 0 to begin.</param>
    /// <param name="count">At most so many.</param>
    public IReadOnlyList<(long Row, CollectionPosition Collection)> ListEmptied(long after, int count)
    {
        var emptied = new List<(long, CollectionPosition)>();
        using var row = _emptied.Query(after, count);
        while (row.Read())
        {
            var key = new CollectionKey(Encoding.UTF8.GetString(row.Bytes(1)!), Encoding.UTF8.GetString(row.Bytes(2)!));
            emptied.Add((row.Number(0), new CollectionPosition(key, new Position(row.Text(3)!, row.Number(4)))));
        }
        return emptied;
    }

    public void Dispose()
    {
        foreach (var statement in new[] { _begin, _end, _items, _removals, _next, _nextInApp, _emptied }) statement.Dispose();
        _collections.Dispose();
        _connection.Dispose();
    }

    /// <summary>Whether a path can name it: what another program wrote may be empty, no UTF-8, or hold a NUL.</summary>
    private static bool IsName(byte[] name) => name.Length > 0 && Utf8.IsValid(name) && !name.Contains((byte)0);

    private List<StoredItem> Items(CollectionKey key, CollectionRow collection, CancellationToken stop)
    {
        var items = new List<StoredItem>((int)collection.Items);
        var leftOut = 0;
        using (var row = _items.Query(key.App, key.Collection))
        {
            while (row.Read())
            {
                stop.ThrowIfCancellationRequested();
                if (!ItemRow.TryRead(row.Bytes(0), row.Bytes(2), out var id, out var json))
                {
                    leftOut++;
                    continue;
                }
                var revision = ItemRow.Revision(row.Text(1));
                items.Add(new StoredItem(id, json, Math.Clamp(revision, collection.EpochStart, collection.Revision)));
            }
        }
        if (leftOut > 0) _logger.RowsLeftOut(leftOut, key.App, key.Collection, _options.Table);
        return items;
    }

    private List<Tombstone> Removals(CollectionRow collection, CancellationToken stop)
    {
        var removals = new List<Tombstone>((int)collection.Removals);
        if (collection.Removals == 0) return removals;
        using var row = _removals.Query(collection.Id);
        while (row.Read())
        {
            stop.ThrowIfCancellationRequested();
            removals.Add(new Tombstone(Encoding.UTF8.GetString(row.Bytes(0)!), row.Number(1)));
        }
        return removals;
    }
}

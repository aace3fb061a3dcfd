using System.Globalization;
using Microsoft.Data.Sqlite;

namespace SharedState.Bench.Ceilings.Storage;

/// <summary>The table of Shared State's plugin in bare SQLite, flushed with each transaction of a hundred rows. Counts rows.</summary>
internal sealed class SqliteStore : IStore
{
    private const int Rows = 100; // of a transaction; also how many ids there are, as in the load

    // 100 bytes, as the load's items.
    private static readonly string Data = $$"""{"id":"k00","n":"0000000000000","data":"{{new string('x', 57)}}"}""";

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _upsert;
    private readonly SqliteParameter _id, _time;

    public SqliteStore(string file)
    {
        _connection = new($"Data Source={file}");
        _connection.Open();
        using var prepare = _connection.CreateCommand();
        prepare.CommandText = """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            CREATE TABLE items (
                app TEXT NOT NULL, chnl TEXT NOT NULL, id TEXT NOT NULL, ctime TIMESTAMP DEFAULT CURRENT_TIMESTAMP, data TEXT,
                PRIMARY KEY (app, chnl, id));
            """;
        prepare.ExecuteNonQuery();

        _upsert = _connection.CreateCommand();
        _upsert.CommandText = """
            INSERT INTO items (app, chnl, id, ctime, data) VALUES ('bench', 'r0', ?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET ctime = excluded.ctime, data = excluded.data
            """;
        _id = _upsert.Parameters.AddWithValue("?1", "");
        _time = _upsert.Parameters.AddWithValue("?2", "");
        _upsert.Parameters.AddWithValue("?3", Data);
        _upsert.Prepare();
    }

    public int Store()
    {
        using var transaction = _connection.BeginTransaction();
        _upsert.Transaction = transaction;
        _time.Value = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
        for (var row = 0; row < Rows; row++)
        {
            _id.Value = $"k{row:00}";
            _upsert.ExecuteNonQuery();
        }
        transaction.Commit();
        return Rows;
    }

    public void Dispose()
    {
        _upsert.Dispose();
        _connection.Dispose();
    }
}

using SQLitePCL;

namespace SharedState.Micro;

/// <summary>What SQLite can do: a table of ids and items in WAL mode, synced at each commit, and prepared statements.</summary>
internal sealed class BareSqlite : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _begin, _commit, _upsert;

    public BareSqlite(string path)
    {
        Batteries_V2.Init();
        Check(raw.sqlite3_open(path, out _database));
        Check(
            raw.sqlite3_exec(
                _database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE items (id TEXT PRIMARY KEY, data TEXT)"));
        Check(raw.sqlite3_prepare_v2(_database, "BEGIN IMMEDIATE", out _begin));
        Check(raw.sqlite3_prepare_v2(_database, "COMMIT", out _commit));
        Check(
            raw.sqlite3_prepare_v2(
                _database, "INSERT INTO items VALUES (?1, ?2) ON CONFLICT DO UPDATE SET data = excluded.data", out _upsert));
    }

    public void Commit(ItemUpdate[] batch)
    {
        Run(_begin);
        foreach (var update in batch)
        {
            Check(raw.sqlite3_bind_text(_upsert, 1, update.Insert[0].Id));
            Check(raw.sqlite3_bind_text(_upsert, 2, update.Insert[0].Json.Span));
            Run(_upsert);
        }
        Run(_commit);
    }

    public void Dispose()
    {
        foreach (var statement in new[] { _begin, _commit, _upsert }) statement.Dispose();
        _database.Dispose();
    }

    private void Run(sqlite3_stmt statement)
    {
        if (raw.sqlite3_step(statement) != raw.SQLITE_DONE) throw new IOException(raw.sqlite3_errmsg(_database).utf8_to_string());
        Check(raw.sqlite3_reset(statement));
    }

    private static void Check(int code)
    {
        if (code != raw.SQLITE_OK) throw new IOException(raw.sqlite3_errstr(code).utf8_to_string());
    }
}

using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SharedState.Items.Sqlite;

/// <summary>
/// A statement that is prepared once and lives as long as its connection. Its parameters are <c>?1</c>, <c>?2</c> and so on.
/// </summary>
/// <remarks>
/// Not the driver's command, which takes a row of objects and makes a reader for each run: a commit spent more time there than in SQLite.
/// Nor does it cut texts at their first NUL, as the driver does.
/// </remarks>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;

    /// <summary>The strings that are bound: one that comes again, as a collection's name does throughout a batch, stays as it is.</summary>
    private string?[] _texts = [];

    /// <exception cref="SqliteException">The statement is wrong, or the database can't be read.</exception>
    public Statement(SqliteConnection connection, string sql)
    {
        _connection = connection.Handle!;
        Check(raw.sqlite3_prepare_v3(_connection, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
    }

    /// <summary>Runs the statement.</summary>
    /// <returns>How many rows it changed, where it changes rows.</returns>
    /// <exception cref="SqliteException">See <see cref="Faults"/>.</exception>
    public int Execute(params ReadOnlySpan<Value> values)
    {
        using var rows = Query(values);
        rows.Read();
        return raw.sqlite3_changes(_connection);
    }

    /// <summary>Runs the statement and gives its rows, to be disposed of before it runs again.</summary>
    public Rows Query(params ReadOnlySpan<Value> values)
    {
        if (_texts.Length < values.Length) _texts = new string?[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var text = values[i].AsText;
            if (text is not null && ReferenceEquals(text, _texts[i])) continue;
            Check(values[i].Bind(_statement, i + 1));
            _texts[i] = text;
        }
        return new Rows(this);
    }

    /// <summary>Runs the statement and gives its first row's first column; 0 where there is none.</summary>
    public long Number(params ReadOnlySpan<Value> values)
    {
        using var rows = Query(values);
        return rows.Read() ? rows.Number(0) : 0;
    }

    /// <summary>Runs the statement and gives its first row's first column; null where there is none.</summary>
    public string? Text(params ReadOnlySpan<Value> values)
    {
        using var rows = Query(values);
        return rows.Read() ? rows.Text(0) : null;
    }

    public void Dispose() => _statement.Dispose();

    private void Check(int code) => SqliteException.ThrowExceptionForRC(code, _connection);

    /// <summary>The rows of one run, one after the other.</summary>
    public readonly struct Rows(Statement statement) : IDisposable
    {
        /// <summary>Goes to the next row, at first to the first one; false where there is none.</summary>
        public bool Read()
        {
            var code = raw.sqlite3_step(statement._statement);
            if (code == raw.SQLITE_ROW) return true;
            statement.Check(code);
            return false;
        }

        public long Number(int column) => raw.sqlite3_column_int64(statement._statement, column);

        /// <summary>A text without NUL; null for NULL.</summary>
        public string? Text(int column) => raw.sqlite3_column_text(statement._statement, column).utf8_to_string();

        /// <summary>A text in UTF-8, or a BLOB; null for NULL.</summary>
        public byte[]? Bytes(int column) => raw.sqlite3_column_type(statement._statement, column) == raw.SQLITE_NULL
            ? null
            : raw.sqlite3_column_blob(statement._statement, column).ToArray();

        /// <summary>Lets the statement run again. Its error, if there was one, was thrown when it happened.</summary>
        public void Dispose() => raw.sqlite3_reset(statement._statement);
    }
}

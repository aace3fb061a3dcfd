using Microsoft.Data.Sqlite;

namespace SharedState.Items.Sqlite;

/// <summary>A statement that is prepared once and lives as long as its connection. Its parameters are <c>?1</c>, <c>?2</c> and so on.</summary>
/// <remarks>
/// What may hold a NUL goes in and out as UTF-8 in byte arrays, which are BLOBs to SQLite, so that the statement casts them to TEXT: the
/// driver cuts a longer string at its first NUL.
/// </remarks>
internal sealed class Statement : IDisposable
{
    private readonly SqliteCommand _command;

    public Statement(SqliteConnection connection, string sql)
    {
        _command = connection.CreateCommand();
        _command.CommandText = sql;
        for (var n = 1; sql.Contains($"?{n}", StringComparison.Ordinal); n++)
        {
            _command.Parameters.Add(new SqliteParameter { ParameterName = $"?{n}" });
        }
        _command.Prepare();
    }

    /// <summary>Runs the statement.</summary>
    /// <param name="values">Strings, numbers and byte arrays.</param>
    /// <returns>How many rows it changed.</returns>
    public int Execute(params ReadOnlySpan<object> values) => Bind(values).ExecuteNonQuery();

    /// <summary>Runs the statement and gives its rows, to be disposed of before it runs again.</summary>
    public SqliteDataReader Query(params ReadOnlySpan<object> values) => Bind(values).ExecuteReader();

    /// <summary>Runs the statement and gives its first row's first column, or null.</summary>
    public object? Scalar(params ReadOnlySpan<object> values) => Bind(values).ExecuteScalar();

    public void Dispose() => _command.Dispose();

    private SqliteCommand Bind(ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++) _command.Parameters[i].Value = values[i];
        return _command;
    }
}

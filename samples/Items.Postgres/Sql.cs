using Npgsql;

namespace Items.Postgres;

/// <summary>Commands with positional parameters.</summary>
internal static class Sql
{
    /// <summary>A command of its own.</summary>
    public static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }

    /// <summary>A command of a batch.</summary>
    public static NpgsqlBatchCommand Part(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }

    /// <summary>Executes a command, and tells the number of rows.</summary>
    public static async Task<int> ExecuteAsync(NpgsqlConnection connection, CancellationToken stop, string sql, params object[] values)
    {
        await using var command = Command(connection, sql, values);
        return await command.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
    }

    /// <summary>Executes a command, and tells the first value; null if there is no row.</summary>
    public static async Task<object?> ScalarAsync(NpgsqlConnection connection, CancellationToken stop, string sql, params object[] values)
    {
        await using var command = Command(connection, sql, values);
        return await command.ExecuteScalarAsync(stop).ConfigureAwait(false);
    }
}

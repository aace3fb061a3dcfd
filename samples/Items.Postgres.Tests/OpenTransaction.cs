using Npgsql;

namespace Items.Postgres.Tests;

/// <summary>
/// A transaction as another host has it that is slow: what it locks is locked until it ends, and what it does is seen then.
/// </summary>
internal sealed class OpenTransaction : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;

    private OpenTransaction(NpgsqlConnection connection) => _connection = connection;

    /// <summary>Begins it with a statement, and returns when that is done.</summary>
    public static async Task<OpenTransaction> BeginAsync(PostgresServer server, string sql)
    {
        var transaction = new OpenTransaction(await server.ConnectAsync());
        await transaction.ExecuteAsync($"BEGIN; {sql}");
        return transaction;
    }

    public Task CommitAsync() => ExecuteAsync("COMMIT");

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task ExecuteAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await command.ExecuteNonQueryAsync();
    }
}

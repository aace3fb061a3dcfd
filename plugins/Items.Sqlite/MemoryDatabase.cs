using Microsoft.Data.Sqlite;

namespace SharedState.Items.Sqlite;

/// <summary>A database in memory: one connection, used by whoever comes, one at a time. Nothing in it waits for a disk.</summary>
internal sealed class MemoryDatabase : IDatabase
{
    private readonly Lock _lock = new();
    private readonly ReadConnection _reader;
    private readonly WriteConnection _writer;
    private bool _closed;

    public MemoryDatabase(SqliteOptions options, ItemServiceContext context)
    {
        var connection = new SqliteConnection("Data Source=:memory:;Pooling=False");
        connection.Open();
        var schema = new Schema(options.Table);
        schema.Create(connection);
        _reader = new ReadConnection(connection, options, schema, context.Logger);
        _writer = new WriteConnection(connection, options, schema, context, storeLock: null);
        context.Logger.Opened(context.ServiceName, options.Table, options.Name, connection.ServerVersion);
    }

    public Task<T> ReadAsync<T>(Func<ReadConnection, T> work, CancellationToken stop) => RunAsync(work, _reader, stop);

    public Task<T> WriteAsync<T>(Func<WriteConnection, T> work, CancellationToken stop) => RunAsync(work, _writer, stop);

    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _closed = true;
            _reader.Dispose();
            _writer.Dispose();
        }
        return ValueTask.CompletedTask;
    }

    private Task<T> RunAsync<T, TConnection>(Func<TConnection, T> work, TConnection connection, CancellationToken stop)
    {
        lock (_lock)
        {
            if (_closed) return Task.FromException<T>(Faults.Closed(":memory:"));
            if (stop.IsCancellationRequested) return Task.FromCanceled<T>(stop);
            try
            {
                return Task.FromResult(work(connection));
            }
            catch (Exception e)
            {
                return Task.FromException<T>(e);
            }
        }
    }
}

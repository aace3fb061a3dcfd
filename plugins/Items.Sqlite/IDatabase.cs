namespace SharedState.Items.Sqlite;

/// <summary>An open database: who may use its connections, when, and on which thread.</summary>
internal interface IDatabase : IAsyncDisposable
{
    /// <summary>Reads, at any time, at one point in time per transaction.</summary>
    Task<T> ReadAsync<T>(Func<ReadConnection, T> work, CancellationToken stop);

    /// <summary>Writes, after all that was to be written before. <paramref name="stop"/> counts until the work begins.</summary>
    Task<T> WriteAsync<T>(Func<WriteConnection, T> work, CancellationToken stop);
}

using Microsoft.Data.Sqlite;

namespace SharedState.Items.Sqlite;

/// <summary>
/// Stores items in a SQLite database, a file that survives crashes and power failures; or in memory, for as long as it is open.
/// </summary>
public sealed class SqliteItemService : IItemService
{
    private IDatabase? _database;
    private StoreLook? _look;

    /// <summary>Changes the options that the configuration does not offer.</summary>
    internal Func<SqliteOptions, SqliteOptions> Adjust { get; init; } = options => options;

    internal FileDatabase File => (FileDatabase)Database;

    private IDatabase Database => _database ?? throw new InvalidOperationException("The service was not opened.");

    /// <inheritdoc/>
    public ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        _look?.Dispose();
        var options = Adjust(SqliteOptions.From(context));
        try
        {
            _database = options.File is null ? new MemoryDatabase(options, context) : FileDatabase.Open(options, context);
        }
        catch (SqliteException e)
        {
            throw Faults.AtOpening(e, options);
        }
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StorageChange>?> PlanAsync(ItemServiceContext context, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var options = Adjust(SqliteOptions.From(context));
        if (options.File is null) return ValueTask.FromResult<IReadOnlyList<StorageChange>?>([]);
        try
        {
            _look = new StoreLook(options, context);
            return ValueTask.FromResult<IReadOnlyList<StorageChange>?>(_look.Plan());
        }
        catch (SqliteException e)
        {
            throw Faults.AtOpening(e, options);
        }
    }

    /// <inheritdoc/>
    public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop) => Database.LoadAsync(key, stop);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop) =>
        Database.CommitAsync(batch, stop);

    /// <inheritdoc/>
    public bool CommitsAtOnce => Database is MemoryDatabase;

    /// <inheritdoc/>
    public IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop) => Database.ListAsync(app, stop);

    /// <inheritdoc/>
    public IAsyncEnumerable<CollectionPosition> ListEmptiedAsync(CancellationToken stop) => Database.ListEmptiedAsync(stop);

    /// <inheritdoc/>
    public ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop) => Database.ForgetAsync(key, at, stop);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _look?.Dispose();
        return _database?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}

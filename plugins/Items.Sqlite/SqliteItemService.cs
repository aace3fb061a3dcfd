using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;

namespace SharedState.Items.Sqlite;

/// <summary>Stores items in a SQLite database: a file that survives crashes and power failures, or memory.</summary>
public sealed class SqliteItemService : IItemService
{
    /// <summary>How many collections are named at a time; between two such pages the readers' connection is free for others.</summary>
    private const int ListPage = 256;

    private SqliteOptions? _options;
    private IDatabase? _database;

    static SqliteItemService() => SQLitePCL.Batteries_V2.Init();

    /// <summary>Changes the options that the configuration does not offer.</summary>
    internal Func<SqliteOptions, SqliteOptions> Adjust { get; init; } = options => options;

    internal IDatabase Database => _database ?? throw new InvalidOperationException("The service was not opened.");

    private SqliteOptions Options => _options ?? throw new InvalidOperationException("The service was not opened.");

    /// <inheritdoc/>
    public ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        _options = Adjust(SqliteOptions.From(context));
        try
        {
            _database = _options.File is null ? new MemoryDatabase(_options, context) : FileDatabase.Open(_options, context);
        }
        catch (SqliteException e)
        {
            throw Faults.AtOpening(e, _options);
        }
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                if (await Database.ReadAsync(reader => reader.Load(key), stop) is { } collection) return collection;
                await Database.WriteAsync(writer => writer.Adopt(key, stop), stop);
            }
        }
        catch (SqliteException e)
        {
            throw Faults.Of(e, Options);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        try
        {
            return await Database.WriteAsync(writer => writer.Commit(batch, stop), stop);
        }
        catch (SqliteException e)
        {
            throw Faults.Of(e, Options);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        CollectionKey? last = null;
        while (true)
        {
            IReadOnlyList<CollectionKey> page;
            try
            {
                page = await Database.ReadAsync(reader => reader.List(app, last, ListPage), stop);
            }
            catch (SqliteException e)
            {
                throw Faults.Of(e, Options);
            }
            foreach (var key in page) yield return key;
            if (page.Count < ListPage) yield break;
            last = page[^1];
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? ValueTask.CompletedTask;
}

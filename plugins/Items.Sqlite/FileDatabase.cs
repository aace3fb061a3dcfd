using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SQLitePCL;

namespace SharedState.Items.Sqlite;

/// <summary>
/// A database in a file: a thread with the one connection that writes, and connections that read beside it (in WAL mode, each
/// transaction that reads sees the database as it was when it began, whatever is committed meanwhile).
/// </summary>
internal sealed class FileDatabase : IDatabase
{
    /// <summary>How many collections may be read at once: enough that a large one does not hold up the others.</summary>
    private const int Readers = 4;

    /// <summary>How often a load takes over what another program changed, before it gives up.</summary>
    private const int MostAdoptions = 10;

    /// <summary>How many collections are named at a time; between two such pages the connection is free for others.</summary>
    private const int ListPage = 256;

    /// <summary>The first release without the defect that two connections resetting the WAL at once may lose a commit.</summary>
    private static readonly Version _soundLibrary = new(3, 51, 3);

    private readonly SqliteOptions _options;
    private readonly ILogger _logger;
    private readonly Schema _schema;
    private readonly StoreLock _lock;
    private readonly WorkThread _thread;
    private readonly WriteConnection _writer;

    /// <summary>Who holds one of these uses a connection of <see cref="_idle"/>, or makes one.</summary>
    private readonly SemaphoreSlim _turns = new(Readers);
    private readonly ConcurrentBag<ReadConnection> _idle = [];

    /// <summary>Set while all of <see cref="_turns"/> are held, and read with one in hand.</summary>
    private bool _closed;

    static FileDatabase() => SQLitePCL.Batteries_V2.Init();

    private FileDatabase(SqliteOptions options, ILogger logger, Schema schema, StoreLock storeLock, WriteConnection writer)
    {
        _options = options;
        _logger = logger;
        _schema = schema;
        _lock = storeLock;
        _writer = writer;
        _thread = new WorkThread($"{options.Table} of {Path.GetFileName(options.File)}");
    }

    /// <summary>Opens the database: locks it, checks it, makes what is missing, and finds out whether its history is what it was.</summary>
    /// <exception cref="ItemServiceException">See <see cref="StoreLock.Take"/> and <see cref="Schema.Check"/>.</exception>
    /// <exception cref="SqliteException">See <see cref="Faults"/>.</exception>
    public static FileDatabase Open(SqliteOptions options, ItemServiceContext context)
    {
        var logger = context.Logger;
        var storeLock = StoreLock.Take(options.File!, options.Table, context.ServiceName, logger);
        SqliteConnection? connection = null;
        try
        {
            // 1. Only look.
            FileRights.CreateDatabase(options.File!);
            connection = Connect(options, SqliteOpenMode.ReadWriteCreate);
            var schema = new Schema(options.Table);
            schema.Check(connection, options.Name);

            // 2. Commit to disk, not to its cache. The log is copied back after 16 MiB, not 4, so that a page that changes often is
            //    written back once for more commits; its file shrinks again when a long read has made it grow.
            if (Pragma(connection, "journal_mode = WAL") is var mode && mode != "wal")
            {
                throw new ItemServiceException(
                    ItemServiceFault.Unusable,
                    $"{options.Name} can't have a write-ahead log (its journal stays {mode}): put it on a local disk");
            }
            Pragma(connection, "synchronous = FULL");
            Pragma(connection, "wal_autocheckpoint = 4000");
            Pragma(connection, "journal_size_limit = 67108864");
            Pragma(connection, "cache_size = -16384");

            // 3. Make what is missing, and compare with what the lock file remembers.
            MakeReady(connection, schema, storeLock, options, logger);

            // 4. Our own triggers have nothing to note while we write, so where there are no others, none is run for each row.
            if (!schema.HasOtherTriggers(connection))
                raw.sqlite3_db_config(connection.Handle, raw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, out _);

            if (FileRights.FindWide(options, storeLock.Path) is [_, ..] wide) logger.OpenToOthers(string.Join(", ", wide));
            var version = connection.ServerVersion;
            var writer = new WriteConnection(connection, options, schema, context, storeLock);
            logger.Opened(context.ServiceName, options.Table, options.Name, version);
            if (Version.Parse(version) < _soundLibrary) logger.OldLibrary(version);
            return new FileDatabase(options, logger, schema, storeLock, writer);
        }
        catch
        {
            connection?.Dispose();
            storeLock.Dispose();
            throw;
        }
    }

    public async ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        await WriteIfInDoubtAsync(stop);
        for (var adoption = 0; adoption < MostAdoptions; adoption++)
        {
            if (await ReadAsync(reader => reader.Load(key, stop), stop) is { } collection) return collection;
            await WriteAsync(writer => writer.Adopt(key, stop), stop);
        }
        throw new ItemServiceException(
            ItemServiceFault.Unavailable,
            $"another program changes {key.App}/{key.Collection} in table {_options.Table} of {_options.Name} all the time");
    }

    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        try
        {
            return await WriteAsync(writer => writer.Commit(batch, stop), stop);
        }
        catch (OperationCanceledException)
        {
            throw Faults.Cancelled(_options.Name);
        }
    }

    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        CollectionKey? last = null;
        while (true)
        {
            var page = await ReadAsync(reader => reader.List(app, last, ListPage), stop);
            foreach (var key in page) yield return key;
            if (page.Count < ListPage) yield break;
            last = page[^1];
        }
    }

    public async IAsyncEnumerable<CollectionPosition> ListEmptiedAsync([EnumeratorCancellation] CancellationToken stop)
    {
        var last = 0L;
        while (true)
        {
            var after = last;
            var page = await ReadAsync(reader => reader.ListEmptied(after, ListPage), stop);
            foreach (var (_, collection) in page) yield return collection;
            if (page.Count < ListPage) yield break;
            last = page[^1].Row;
        }
    }

    public ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop) =>
        new(WriteAsync(writer => writer.Forget(key, at, stop), stop));

    public async ValueTask DisposeAsync()
    {
        _thread.Dispose();
        for (var i = 0; i < Readers; i++) await _turns.WaitAsync();
        _closed = true;
        foreach (var reader in _idle) reader.Dispose();

        // The last connection to close copies the log back and deletes it.
        _writer.Dispose();
        _lock.Dispose();
        _turns.Release(Readers);
    }

    private async ValueTask WriteIfInDoubtAsync(CancellationToken stop)
    {
        if (_writer.InDoubt) await WriteAsync(writer => writer.Settle(), stop);
    }

    /// <summary>Reads, at any time, at one point in time per transaction.</summary>
    private async Task<T> ReadAsync<T>(Func<ReadConnection, T> work, CancellationToken stop)
    {
        await _turns.WaitAsync(stop);
        try
        {
            if (_closed) throw Faults.Closed(_options.Name);
            return await Task.Run(() => Read(work), stop);
        }
        catch (SqliteException e)
        {
            throw Faults.Of(e, _options);
        }
        finally
        {
            _turns.Release();
        }
    }

    private T Read<T>(Func<ReadConnection, T> work)
    {
        if (!_idle.TryTake(out var reader))
        {
            // It opens what is at the path: that is the database of the connection that writes, if it is before and after.
            OpenedFile.Check(_writer.Connection, _options);
            reader = new ReadConnection(Connect(_options, SqliteOpenMode.ReadOnly), _options, _schema, _logger);
            if (OpenedFile.HasMoved(_writer.Connection))
            {
                reader.Dispose();
                throw Faults.Moved(ItemServiceFault.Unavailable, _options);
            }
        }
        try
        {
            var result = work(reader);
            _idle.Add(reader);
            return result;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Writes, after all that was to be written before. <paramref name="stop"/> counts until the work begins.</summary>
    internal Task<T> WriteAsync<T>(Func<WriteConnection, T> work, CancellationToken stop)
    {
        try
        {
            return _thread.RunAsync(() => Write(work), stop);
        }
        catch (InvalidOperationException)
        {
            throw Faults.Closed(_options.Name);
        }
    }

    private T Write<T>(Func<WriteConnection, T> work)
    {
        try
        {
            return work(_writer);
        }
        catch (SqliteException e)
        {
            throw Faults.Of(e, _options);
        }
    }

    private static SqliteConnection Connect(SqliteOptions options, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = options.File,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = options.BusySeconds,
        }.ConnectionString);
        connection.Open();

        // The driver by itself would ask again every 150 ms, until the same time is over; SQLite asks sooner.
        Pragma(connection, $"busy_timeout = {options.BusySeconds * 1000}");
        return connection;
    }

    private static void MakeReady(SqliteConnection connection, Schema schema, StoreLock storeLock, SqliteOptions options, ILogger logger)
    {
        using var begin = new Statement(connection, "BEGIN IMMEDIATE");
        using var commit = new Statement(connection, "COMMIT");
        begin.Execute();
        var foreign = schema.IsForeign(connection);
        if (foreign)
        {
            var missing = string.Join("; ", schema.Missing(connection));
            logger.Altering(options.Table, options.Name, schema.CountItems(connection), missing);
        }
        schema.Create(connection);
        schema.Watch(connection);
        var (store, commits) = Identity(connection, schema);
        if (!storeLock.Confirms(store, commits))
        {
            // A store that never committed anything has no history to lose.
            if (commits > 0) logger.HistoryReplaced(options.Name, storeLock.Path, options.Table);
            using var renew = new Statement(connection, $"UPDATE {schema.Store} SET store = ?1, epoch = ?2");
            using var renewAll = new Statement(connection, $"UPDATE {schema.Collections} SET epoch = ?1");
            var epoch = Epoch.New();
            store = Epoch.New();
            renew.Execute(store, epoch);
            renewAll.Execute(epoch);
        }
        commit.Execute();
        if (foreign) logger.Altered(options.Table, options.Name);
        storeLock.Record(store, commits);
    }

    private static (string Store, long Commits) Identity(SqliteConnection connection, Schema schema)
    {
        using var statement = new Statement(connection, $"SELECT store, commits FROM {schema.Store}");
        using var row = statement.Query();
        row.Read();
        return (row.Text(0)!, row.Number(1));
    }

    private static string? Pragma(SqliteConnection connection, string pragma)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"PRAGMA {pragma}";
        return command.ExecuteScalar() as string;
    }
}

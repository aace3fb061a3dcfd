using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>The connections to one database: one writes at a time, and a bounded number read beside it.</summary>
internal sealed class Connections : IAsyncDisposable
{
    /// <summary>How many may wait for a connection: more than the host asks for at a time. Who comes after them is told at once.</summary>
    private const int WaitingMost = 64;

    private readonly MySqlOptions _options;
    private readonly MySqlDataSource _source;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SemaphoreSlim _reading;
    private readonly int _readers;
    private long _packetBytes;
    private int _waiting;

    /// <summary>Set while all turns are held, and read with one in hand.</summary>
    private bool _closed;

    private readonly Lineage _lineage;

    public Connections(MySqlOptions options, Lineage lineage)
    {
        _options = options;
        _lineage = lineage;

        // Loads leave a connection to the commits.
        _readers = Math.Max(1, options.PoolMaximum - 1);
        _reading = new SemaphoreSlim(_readers);
        _source = new MySqlDataSourceBuilder(options.Connection(options.Database).ConnectionString)
            .UseConnectionOpenedCallback(PrepareAsync)
            .Build();
    }

    /// <summary>How large a packet the server takes, as it said when a connection was last made.</summary>
    public long PacketBytes => Volatile.Read(ref _packetBytes);

    /// <summary>
    /// What each connection is set to, whatever the server's defaults are: nothing is cut silently, a backslash escapes, and only locks of
    /// rows that are there are held. A host that is gone without a word keeps its locks for a minute at most; one that is suspended in the
    /// middle of a transaction for 3 s, where the server is MariaDB, which alone reads what stands in such a comment. Commits are numbered
    /// without steps, which would look like commits that are missing; no statement is cut short or refused; and a COMMIT begins no other
    /// transaction.
    /// </summary>
    public static string Settings(MySqlOptions options) =>
        $"""
            SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', autocommit = 1, wait_timeout = 60,
                innodb_lock_wait_timeout = {options.LockSeconds}, lock_wait_timeout = {options.CommandSeconds},
                auto_increment_increment = 1, auto_increment_offset = 1,
                completion_type = 0, sql_safe_updates = 0, sql_select_limit = 18446744073709551615, sql_big_selects = 1, unique_checks = 1,
            group_concat_max_len = 1048576
                /*M!100300 , idle_transaction_timeout = 3, max_statement_time = 0 */ /*!80000 , max_execution_time = 0 */;
            SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED
            """;

    public Task<T> WriteAsync<T>(Func<MySqlConnection, Task<T>> work, CancellationToken stop) => UseAsync(_writing, work, stop);

    public Task<T> ReadAsync<T>(Func<MySqlConnection, Task<T>> work, CancellationToken stop) => UseAsync(_reading, work, stop);

    /// <summary>
    /// Opens a connection beside these, which the caller disposes of. It is a new one: no other was lost unseen before it.
    /// </summary>
    public async Task<MySqlConnection> OpenAsync(CancellationToken stop)
    {
        var settings = _options.Connection(_options.Database);
        settings.Pooling = false;
        var connection = new MySqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync(stop);
            using var command = new MySqlCommand(Settings(_options), connection);
            await command.ExecuteNonQueryAsync(stop);
            await _lineage.CheckAsync(connection, quiet: false, stop);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _writing.WaitAsync();
        for (var i = 0; i < _readers; i++) await _reading.WaitAsync();
        _closed = true;
        await _source.DisposeAsync();
        _writing.Release();
        _reading.Release(_readers);
    }

    private async Task<T> UseAsync<T>(SemaphoreSlim turns, Func<MySqlConnection, Task<T>> work, CancellationToken stop)
    {
        await WaitAsync(turns, stop);
        try
        {
            if (_closed) throw Faults.Closed(_options);
            await using var connection = await _source.OpenConnectionAsync(stop);
            return await RunAsync(connection, work);
        }
        finally
        {
            turns.Release();
        }
    }

    private async Task WaitAsync(SemaphoreSlim turns, CancellationToken stop)
    {
        try
        {
            var seconds = Interlocked.Increment(ref _waiting) > WaitingMost ? 0 : _options.CommandSeconds;
            if (await turns.WaitAsync(TimeSpan.FromSeconds(seconds), stop)) return;
            throw new ItemServiceException(
                ItemServiceFault.Unavailable,
                $"all connections to {_options.Name} are in use, for {seconds} s: raise \"db_pool_maxsize\", or see what keeps it busy");
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>
    /// A transaction that failed lets go of its locks. (Each one begins with a ROLLBACK as well, because a beginning commits what was
    /// open.)
    /// </summary>
    private static async Task<T> RunAsync<T>(MySqlConnection connection, Func<MySqlConnection, Task<T>> work)
    {
        try
        {
            return await work(connection);
        }
        catch
        {
            try
            {
                using var rollback = new MySqlCommand("ROLLBACK", connection);
                await rollback.ExecuteNonQueryAsync();
            }
            catch (Exception e) when (Faults.IsForeign(e))
            {
                // The connection is broken, and the pool drops it.
            }
            throw;
        }
    }

    private async ValueTask PrepareAsync(MySqlConnectionOpenedContext context, CancellationToken stop)
    {
        if (!context.Conditions.HasFlag(MySqlConnectionOpenedConditions.New)) return;
        using var command = new MySqlCommand($"{Settings(_options)}; SELECT @@max_allowed_packet", context.Connection);
        Volatile.Write(ref _packetBytes, Convert.ToInt64(await command.ExecuteScalarAsync(stop), null));
        await _lineage.CheckAsync(context.Connection, quiet: false, stop);
    }
}

using Microsoft.Extensions.Logging;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>The connections of one service, and how work is done on them: again where that helps, and with the contract's faults.</summary>
internal sealed class Database : IAsyncDisposable
{
    private const int Attempts = 5;

    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _single;
    private readonly Session _session;

    public Database(Options options, ILogger logger)
    {
        _session = new Session(options.Schema, logger);
        _pool = Build(options.Connection);
        // A connection that listens is not given back to a pool, where it would go on listening.
        _single = Build(new NpgsqlConnectionStringBuilder(options.Connection.ConnectionString)
        {
            Pooling = false,
            MaxAutoPrepare = 0,
            CommandTimeout = 2,
            ApplicationName = options.Connection.ApplicationName + " feed",
        });
    }

    /// <summary>From now on, connections look for a lost history. Called when there is a schema to look into.</summary>
    public void CheckLineageFromNowOn() => _session.ChecksLineage = true;

    /// <summary>Opens a connection that is not of the pool. The exceptions are the driver's.</summary>
    public ValueTask<NpgsqlConnection> OpenSingleAsync(CancellationToken stop) => _single.OpenConnectionAsync(stop);

    /// <summary>
    /// Does work on a connection. It may be done several times, each time from the beginning: so it must not have an effect when it throws,
    /// other than an <see cref="ItemServiceException"/>, which ends it.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var connection = await _pool.OpenConnectionAsync(stop).ConfigureAwait(false);
                try
                {
                    return await work(connection, stop).ConfigureAwait(false);
                }
                finally
                {
                    await CloseAsync(connection).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (attempt < Attempts && Faults.IsPassing(e) && !stop.IsCancellationRequested)
            {
                if (e is not PostgresException { InvariantSeverity: "ERROR" })
                {
                    // One connection had died in the pool: the others will have too.
                    _pool.Clear();
                }

                await Task.Delay(Random.Shared.Next(1, 10 * attempt), stop).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                throw Faults.From(e, stop);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync().ConfigureAwait(false);
        await _single.DisposeAsync().ConfigureAwait(false);
    }

    // What closing throws must not hide what became of the work: it might be done again, though it was committed.
    private static async Task CloseAsync(NpgsqlConnection connection)
    {
        try
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is NpgsqlException or IOException or InvalidOperationException)
        {
            // The connection is gone, which is what was wanted.
        }
    }

    private NpgsqlDataSource Build(NpgsqlConnectionStringBuilder settings)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UsePhysicalConnectionInitializer(
            _ => throw new NotSupportedException("Connections are opened asynchronously only."),
            connection => _session.BeginAsync(connection, CancellationToken.None));
        return builder.Build();
    }
}

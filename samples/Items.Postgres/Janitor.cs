using Microsoft.Extensions.Logging;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>
/// Removes what is kept for a while only: old commits, the rows of collections that were forgotten as long ago, and all but the newest
/// removals of a collection that has very many.
/// </summary>
internal sealed class Janitor(Database database, TimeSpan logAge, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(10);

    // A few at a time, so that no transaction is long.
    private const int Portion = 5000;

    // One host at a time is enough; the others find the lock taken and delete nothing.
    private const string ForgetCommits =
        """
        DELETE FROM commits WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM commits WHERE at < now() - $1::interval
                AND pg_try_advisory_xact_lock(hashtext('shared_state'), $2::regclass::oid::integer)
            ORDER BY at LIMIT $3))
        """;

    // What stands without a row stands at the highest revision that any removed row had.
    private const string RemoveForgotten =
        """
        WITH old AS MATERIALIZED (
            SELECT id FROM collections WHERE forgotten < now() - $1::interval ORDER BY forgotten LIMIT $2 FOR UPDATE SKIP LOCKED),
        gone AS (DELETE FROM collections c USING old WHERE c.id = old.id RETURNING c.revision)
        UPDATE shared_state SET forgotten = greatest(forgotten, (SELECT max(revision) FROM gone)) WHERE EXISTS (SELECT FROM gone)
        """;

    private static readonly string _crowded = $"SELECT id FROM collections WHERE removals > {Schema.CrowdedRemovals} LIMIT 100";

    // The history then begins with the newest removal that is forgotten. The row is locked by the first statement, before the removals are
    // read.
    private const string Lock = "SELECT FROM collections WHERE id = $1 FOR UPDATE";

    private const string ForgetRemovals =
        """
        WITH start AS (SELECT revision FROM removals WHERE collection = $1 ORDER BY revision DESC OFFSET $2 LIMIT 1),
        gone AS (DELETE FROM removals r USING start WHERE r.collection = $1 AND r.revision <= start.revision RETURNING 1)
        UPDATE collections SET history_start = greatest(history_start, coalesce((SELECT revision FROM start), 0)),
            removals = (SELECT count(*) FROM removals WHERE collection = $1) - (SELECT count(*) FROM gone)
        WHERE id = $1
        """;

    /// <summary>Cleans up every so often, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(_pause, time);
        while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false))
        {
            try
            {
                await CleanAsync(stop).ConfigureAwait(false);
            }
            catch (ItemServiceException e)
            {
                Log.NotCleaned(logger, e.Message);
            }
        }
    }

    /// <summary>Cleans up once.</summary>
    public async Task CleanAsync(CancellationToken stop)
    {
        while (
            await database
                .RunAsync((c, s) => Sql.ExecuteAsync(c, s, ForgetCommits, logAge, "shared_state", (long)Portion), stop)
                .ConfigureAwait(false) == Portion)
        {
            // There are more.
        }

        while (
            await database.RunAsync((c, s) => Sql.ExecuteAsync(c, s, RemoveForgotten, logAge, (long)Portion), stop).ConfigureAwait(false)
            > 0)
        {
            // There may be more.
        }

        foreach (var id in await database.RunAsync(FindCrowdedAsync, stop).ConfigureAwait(false))
        {
            await database.RunAsync((connection, s) => ForgetRemovalsAsync(connection, id, s), stop).ConfigureAwait(false);
        }
    }

    private static async Task<List<long>> FindCrowdedAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(_crowded, connection);
        await using var reader = await command.ExecuteReaderAsync(stop).ConfigureAwait(false);
        var ids = new List<long>();
        while (await reader.ReadAsync(stop).ConfigureAwait(false))
        {
            ids.Add(reader.GetInt64(0));
        }

        return ids;
    }

    private static async Task<int> ForgetRemovalsAsync(NpgsqlConnection connection, long id, CancellationToken stop)
    {
        await using var transaction = await connection.BeginTransactionAsync(stop).ConfigureAwait(false);
        await Sql.ExecuteAsync(connection, stop, Lock, id).ConfigureAwait(false);
        var rows = await Sql.ExecuteAsync(connection, stop, ForgetRemovals, id, (long)(Schema.CrowdedRemovals / 2)).ConfigureAwait(false);
        await transaction.CommitAsync(stop).ConfigureAwait(false);
        return rows;
    }
}

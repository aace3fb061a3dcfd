using Npgsql;

namespace Items.Postgres;

/// <summary>
/// Finds out whether the database may have lost history, and begins a new epoch then. The tables say which server they were last seen on:
/// its identity, its timeline (another one after a failover and after a recovery to a point in time), the database and the table itself
/// (other ones after a restore from a dump). Where fsync is off, also the server's start: each one may have been after a crash.
/// </summary>
internal static class Lineage
{
    // pg_walfile_name rather than pg_control_checkpoint: the latter tells of a promotion only after the next checkpoint.
    private const string Current =
        """
        concat_ws('/', (pg_control_system()).system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
            (SELECT oid FROM pg_database WHERE datname = current_database()), 'shared_state'::regclass::oid,
            CASE WHEN current_setting('fsync') = 'off' THEN extract(epoch FROM pg_postmaster_start_time()) END)
        """;

    /// <summary>
    /// The row with the epoch. There is none where the tables were restored from a dump while connections to them were open, as then the
    /// row is not in the table that it was made for; a connection that is new begins another epoch.
    /// </summary>
    public const string Row = "(SELECT epoch FROM shared_state WHERE home = tableoid)";

    /// <summary>What the tables say when they are made.</summary>
    public const string Insert =
        $"INSERT INTO shared_state (format, service, epoch, lineage, home) VALUES ($1, $2, $3, {Current}, 'shared_state'::regclass)";

    private const string IsKnown = $"SELECT lineage = {Current} FROM shared_state";

    private const string Update = $"UPDATE shared_state SET epoch = $1, lineage = {Current}, home = tableoid WHERE lineage <> {Current}";

    /// <summary>A name for a history that nobody else has.</summary>
    public static string NewEpoch() => Guid.NewGuid().ToString("N");

    /// <summary>Begins a new epoch if the history may not be the one that was last seen; whether it did.</summary>
    public static async Task<bool> CheckAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        if (await Sql.ScalarAsync(connection, stop, IsKnown).ConfigureAwait(false) is true)
        {
            return false;
        }

        await using var transaction = await connection.BeginTransactionAsync(stop).ConfigureAwait(false);
        // Of several hosts that come here, the others wait for the row, and then find nothing to change.
        var isNew = await Sql.ExecuteAsync(connection, stop, Update, NewEpoch()).ConfigureAwait(false) > 0;
        if (isNew)
        {
            // The commits of the history that is gone: their revisions are going to be given anew.
            await Sql.ExecuteAsync(connection, stop, "DELETE FROM commits").ConfigureAwait(false);
        }

        await transaction.CommitAsync(stop).ConfigureAwait(false);
        return isNew;
    }
}

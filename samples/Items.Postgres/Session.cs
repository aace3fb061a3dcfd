using Microsoft.Extensions.Logging;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>What a new connection is given and asked before it is used.</summary>
internal sealed class Session(string schema, ILogger logger)
{
    // Durability: what the administrator set, but no less than a flush on the server and on its synchronous standbys, if there are any.
    // Timeouts: a host that was suspended within a commit must not keep others from the rows that it locked; nor one whose machine is gone,
    // which keepalives find out. Planning: all statements go by keys, and must when a plan is kept that was made while the tables were
    // small.
    private const string Settings =
        """
        SELECT set_config('search_path', @schema, false),
               set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'remote_apply'
                   THEN 'remote_apply' ELSE 'on' END, false),
               set_config('lock_timeout', '5s', false),
               set_config('statement_timeout', '7s', false),
               set_config('idle_in_transaction_session_timeout', '10s', false),
               set_config('tcp_keepalives_idle', '10', false),
               set_config('tcp_keepalives_interval', '5', false),
               set_config('tcp_keepalives_count', '2', false),
               set_config('jit', 'off', false),
               set_config('enable_seqscan', 'off', false),
               pg_is_in_recovery()
        """;

    // Of newer servers only: a connection that waits for a ring is not idle for nothing, and the other timeouts bound transactions.
    private const string NewerSettings =
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout')";

    /// <summary>Whether a lost history is looked for.</summary>
    public bool ChecksLineage { get; set; }

    /// <summary>Makes a connection ready.</summary>
    public async Task BeginAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(Settings, connection);
        command.Parameters.AddWithValue("schema", schema);
        await using (var reader = await command.ExecuteReaderAsync(stop).ConfigureAwait(false))
        {
            await reader.ReadAsync(stop).ConfigureAwait(false);
            if (reader.GetBoolean(reader.FieldCount - 1))
            {
                throw new ItemServiceException(
                    ItemServiceFault.Unavailable, "The PostgreSQL server is a standby: connect to the primary, or promote this one.");
            }
        }

        await Sql.ExecuteAsync(connection, stop, NewerSettings).ConfigureAwait(false);
        if (ChecksLineage && await Lineage.CheckAsync(connection, stop).ConfigureAwait(false))
        {
            Log.NewEpoch(logger, schema);
        }
    }
}

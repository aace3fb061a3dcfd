using Microsoft.Extensions.Logging;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>The tables: makes them, and refuses what is not theirs.</summary>
internal sealed class Schema(string name, string service)
{
    private const int Format = 1;

    private const int OldestServer = 130000;

    /// <summary>Of how many removals a collection begins to forget some.</summary>
    public const int CrowdedRemovals = 20_000;

    private static readonly string _tables =
        $"""
        CREATE TABLE shared_state (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            format integer NOT NULL, service text NOT NULL, epoch text NOT NULL, lineage text NOT NULL, home oid NOT NULL);
        CREATE TABLE collections (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            app bytea NOT NULL, name bytea NOT NULL,
            revision bigint NOT NULL DEFAULT 0, history_start bigint NOT NULL DEFAULT 0,
            items bigint NOT NULL DEFAULT 0, removals bigint NOT NULL DEFAULT 0,
            changed xid8 NOT NULL DEFAULT pg_current_xact_id(),
            UNIQUE (app, name))
            WITH (autovacuum_vacuum_scale_factor = 0.02);
        CREATE INDEX collections_changed ON collections (changed);
        CREATE INDEX collections_crowded ON collections (id) WHERE removals > {CrowdedRemovals};
        CREATE TABLE items (
            collection bigint NOT NULL, id bytea NOT NULL, revision bigint NOT NULL, json bytea NOT NULL, PRIMARY KEY (collection, id));
        CREATE TABLE removals (
            collection bigint NOT NULL, id bytea NOT NULL, revision bigint NOT NULL, PRIMARY KEY (collection, id));
        CREATE TABLE commits (
            collection bigint NOT NULL, revision bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), body bytea NOT NULL,
            PRIMARY KEY (collection, revision))
            WITH (autovacuum_vacuum_scale_factor = 0.02);
        ALTER TABLE commits ALTER COLUMN body SET STORAGE EXTERNAL;
        CREATE INDEX commits_at ON commits (at);
        {Forgetting}
        """;

    // shared_state: the highest revision of any collection that was forgotten, where those without a row stand. collections: since when it
    // is forgotten.
    private const string Forgetting =
        """
        ALTER TABLE shared_state ADD COLUMN IF NOT EXISTS forgotten bigint NOT NULL DEFAULT 0;
        ALTER TABLE collections ADD COLUMN IF NOT EXISTS forgotten timestamptz;
        CREATE INDEX IF NOT EXISTS collections_forgotten ON collections (forgotten) WHERE forgotten IS NOT NULL;
        """;

    // Fails where a table or a column is not there.
    private const string Probe =
        """
        SELECT FROM (SELECT one, lineage, home, forgotten FROM shared_state LIMIT 0) s,
            (SELECT id, app, name, revision, history_start, items, removals, changed, forgotten FROM collections LIMIT 0) c,
            (SELECT collection, id, revision, json FROM items LIMIT 0) i, (SELECT collection, id, revision FROM removals LIMIT 0) r,
            (SELECT collection, revision, at, body FROM commits LIMIT 0) l
        """;

    /// <summary>Makes the tables if the schema is not there or empty, and else checks that they are this plugin's.</summary>
    public async Task EnsureAsync(NpgsqlConnection connection, ILogger logger, CancellationToken stop)
    {
        await using var transaction = await connection.BeginTransactionAsync(stop).ConfigureAwait(false);
        // One host after the other. CREATE .. IF NOT EXISTS would not do: where two come at once, one of them fails.
        await Sql.ExecuteAsync(connection, stop, "SELECT pg_advisory_xact_lock(hashtext('shared_state'), hashtext($1))", name)
            .ConfigureAwait(false);
        var plan = await PlanAsync(connection, stop).ConfigureAwait(false);
        foreach (var change in plan)
        {
            if (change.Alters)
            {
                Log.Altering(logger, name, change.Statement);
            }

            await Sql.ExecuteAsync(connection, stop, change.Statement).ConfigureAwait(false);
        }

        if (plan.Any(change => !change.Alters))
        {
            await Sql.ExecuteAsync(connection, stop, Lineage.Insert, Format, service, Lineage.NewEpoch()).ConfigureAwait(false);
        }
        else
        {
            await ProbeAsync(connection, stop).ConfigureAwait(false);
        }

        await transaction.CommitAsync(stop).ConfigureAwait(false);
        if (plan.Any(change => change.Alters))
        {
            Log.Altered(logger, name);
        }
    }

    /// <summary>What is to be made or altered, by reading only.</summary>
    public async Task<IReadOnlyList<StorageChange>> PlanAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        if (
            await ScalarAsync<int>(connection, stop, "SELECT current_setting('server_version_num')::integer").ConfigureAwait(false)
            < OldestServer)
        {
            throw Unusable($"PostgreSQL {connection.ServerVersion} is too old: 13 or newer is needed.");
        }

        // Without it, the schema would be left out of the search path, and the tables be taken for missing.
        if (
            await Sql.ScalarAsync(connection, stop, "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1", name)
                .ConfigureAwait(false)
            is false)
        {
            throw new ItemServiceException(ItemServiceFault.Config, $"The role may not use the schema {name}: grant it USAGE and CREATE.")
            {
                ConfigKey = "db_user",
            };
        }

        const string IsInUse = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1)";
        if (await ScalarAsync<bool>(connection, stop, IsInUse, name).ConfigureAwait(false))
        {
            return await CheckAsync(connection, stop).ConfigureAwait(false)
                ? [new() { Statement = Forgetting, Alters = true }]
                : [];
        }

        // Not with IF NOT EXISTS alone: that asks for the right to make one also where it is there.
        var isThere = await ScalarAsync<bool>(connection, stop, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", name)
            .ConfigureAwait(false);
        string[] statements = isThere ? [_tables] : [$"CREATE SCHEMA {name}", _tables];
        return [.. statements.Select(statement => new StorageChange { Statement = statement })];
    }

    /// <summary>Refuses what is not this plugin's; true where it was made by an older version of this plugin.</summary>
    private async Task<bool> CheckAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        if (!await ScalarAsync<bool>(connection, stop, "SELECT to_regclass($1) IS NOT NULL", $"{name}.shared_state").ConfigureAwait(false))
        {
            throw Unusable($"The schema {name} holds something else. Choose another db_schema, which need not exist.");
        }

        try
        {
            var format = await ScalarAsync<int>(connection, stop, "SELECT format FROM shared_state").ConfigureAwait(false);
            if (format != Format)
            {
                throw Unusable($"The schema {name} is of format {format}, this plugin's is {Format}: a newer plugin is needed.");
            }

            const string IsOlder =
                "SELECT NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'collections'::regclass AND attname = 'forgotten')";
            return await ScalarAsync<bool>(connection, stop, IsOlder).ConfigureAwait(false);
        }
        catch (PostgresException e) when (IsMissing(e))
        {
            throw Lacking(e);
        }
    }

    private async Task ProbeAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        try
        {
            await Sql.ExecuteAsync(connection, stop, Probe).ConfigureAwait(false);
        }
        catch (PostgresException e) when (IsMissing(e))
        {
            throw Lacking(e);
        }
    }

    private static bool IsMissing(PostgresException e) =>
        e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn;

    private ItemServiceException Lacking(PostgresException e) =>
        Unusable($"The schema {name} lacks something: {e.MessageText}. Restore it, or choose another db_schema.", e);

    private static ItemServiceException Unusable(string message, Exception? inner = null) => new(ItemServiceFault.Unusable, message, inner);

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, CancellationToken stop, string sql, params object[] values) =>
        await Sql.ScalarAsync(connection, stop, sql, values).ConfigureAwait(false) is T value
            ? value
            : throw Unusable("The table shared_state is empty: the storage is damaged.");
}

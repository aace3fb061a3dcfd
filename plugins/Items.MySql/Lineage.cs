using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>
/// Finds out whether the tables are those that were last seen, on the same server, and begins a new epoch if they are not. Asked on each
/// connection before it is used: a failover to a replica that was behind shows in nothing else.
/// </summary>
/// <remarks>
/// The tables say by what they were last known (<c>made</c>), which a dump restores and a replica copies: it no longer fits then. A table's
/// number in InnoDB changes only when the table is made anew. Asking for it takes the right PROCESS; without it the times of creation
/// serve, which in MariaDB are those of a file, and also change by a <c>chmod</c>.
/// <para>
/// An older copy of the server's files differs in nothing of that. So a host also remembers the last commit that it has shown, and looks
/// whether that is there.
/// </para>
/// </remarks>
/// <example>
/// The bug that this prevents: clients hold revision 8; the disk is set back to a snapshot with revision 7; the next update is another
/// revision 8, and the clients that hold the first one are told that they missed nothing.
/// </example>
internal sealed class Lineage(Tables tables, MySqlOptions options, ILogger logger)
{
    private const MySqlErrorCode NoProcessRight = (MySqlErrorCode)1227;

    private volatile string _storeEpoch = "";
    private volatile Landmark? _landmark;
    private readonly Lock _lock = new();

    /// <summary>The epoch of the store as a new connection last read it; any thread reads and writes it.</summary>
    public string StoreEpoch => _storeEpoch;

    /// <summary>Notes a commit that is on disk and that clients may have been shown, if it is the newest one.</summary>
    public void Saw(Landmark commit)
    {
        if (commit.Revision == 0) return; // the row of a forgotten collection goes in time, with the same epoch of the store
        lock (_lock)
        {
            if (_landmark is null || _landmark.Made <= commit.Made) _landmark = commit;
        }
    }

    /// <summary>Compares, and begins a new epoch in one transaction if need be.</summary>
    /// <param name="connection">A connection with its settings, and without a transaction.</param>
    /// <param name="quiet">Not to be told to the operator: the tables were altered by this plugin.</param>
    /// <param name="stop">Ends the attempt.</param>
    public async Task CheckAsync(MySqlConnection connection, bool quiet, CancellationToken stop)
    {
        var now = await IdentityAsync(connection, stop);
        if (await MadeAsync(connection, "", stop) is { IsBehind: false } made && made.Identity.Text == now.Text) return;

        // Of several hosts that come here the others wait, and then find nothing to do. Commits that are under way hold rows, and are
        // waited for.
        await ExecuteAsync(connection, "START TRANSACTION", stop);
        var before = await MadeAsync(connection, " FOR UPDATE", stop);
        if (before is null || (before.Identity.IsSame(now) && !before.IsBehind))
        {
            if (before is not null) await ExecuteAsync(connection, $"UPDATE {tables.Store} SET made = '{now.Text}'", stop);
            await ExecuteAsync(connection, "COMMIT", stop);
            return;
        }

        // Hosts that run are told of every collection by the table of commits. Their questions for older commits get no answer.
        var epoch = Epoch.New();
        await ExecuteAsync(
            connection,
            $"""
            UPDATE {tables.Store} SET epoch = '{epoch}', made = '{now.Text}';
            UPDATE {tables.Collections} SET epoch = '{epoch}', epoch_start = revision, history_start = revision, removals = 0;
            DELETE FROM {tables.Removals};
            DELETE FROM {tables.Commits};
            INSERT INTO {tables.Commits} (collection, revision, data) SELECT collection, revision, NULL FROM {tables.Collections};
            COMMIT
            """,
            stop);
        _storeEpoch = epoch;
        if (before.Identity.Text.Length > 0 && !quiet) logger.HistoryReplaced(options.Table, options.Name);
    }

    /// <summary>Reads what the tables say of themselves; null while they say nothing.</summary>
    private async Task<Standing?> MadeAsync(MySqlConnection connection, string clause, CancellationToken stop)
    {
        var sql = $"SELECT made, epoch, {BehindOf(_landmark)} FROM {tables.Store}{clause}";
        using var command = new MySqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(stop);
        if (!await reader.ReadAsync(stop)) return null;
        _storeEpoch = reader.GetString(1);
        return new Standing(Identity.Parse(reader.GetString(0)), reader.GetInt64(2) != 0);
    }

    /// <summary>
    /// Whether the tables lack a commit: its collection is not so far, or is not there, though no collection was forgotten since, which
    /// would have changed the store's epoch.
    /// </summary>
    private string BehindOf(Landmark? commit) => commit is null ? "0" : string.Create(
        CultureInfo.InvariantCulture,
        $"""
        EXISTS (SELECT 1 FROM {tables.Collections} AS behind
            WHERE collection = {commit.Collection} AND behind.epoch = '{commit.Epoch}' AND revision < {commit.Revision})
        OR (epoch = '{commit.StoreEpoch}' AND NOT EXISTS (SELECT 1 FROM {tables.Collections} WHERE collection = {commit.Collection}))
        """);

    private async Task<Identity> IdentityAsync(MySqlConnection connection, CancellationToken stop)
    {
        string server, times;
        using (var command = new MySqlCommand("""
            SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_uid', 'server_id', 'hostname', 'datadir');
            SELECT CAST(GROUP_CONCAT(CREATE_TIME ORDER BY TABLE_NAME SEPARATOR ',') AS CHAR) FROM information_schema.TABLES
            WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (@items, @store, @collections, @removals)
            """, connection))
        {
            Name(command);
            await using var reader = await command.ExecuteReaderAsync(stop);
            var traits = new SortedDictionary<string, string>(StringComparer.Ordinal);
            while (await reader.ReadAsync(stop)) traits[reader.GetString(0)] = reader.GetString(1);

            // MySQL's is enough. What MariaDB has is made of an address and the port, which containers may share.
            var text = traits.TryGetValue("server_uuid", out var uuid)
                ? uuid
                : string.Join('\n', traits.Select(trait => $"{trait.Key}={trait.Value}"));
            server = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
            await reader.NextResultAsync(stop);
            await reader.ReadAsync(stop);
            times = reader.IsDBNull(0) ? "" : reader.GetString(0);
        }
        return new Identity(await NumbersAsync(connection, stop), server, times);
    }

    /// <summary>The tables' numbers in InnoDB; empty where they may not be asked.</summary>
    private async Task<string> NumbersAsync(MySqlConnection connection, CancellationToken stop)
    {
        var source = connection.ServerVersion.Contains("MariaDB", StringComparison.OrdinalIgnoreCase)
            ? "INNODB_SYS_TABLES"
            : "INNODB_TABLES";
        using var command = new MySqlCommand($"""
            SELECT CAST(GROUP_CONCAT(TABLE_ID ORDER BY NAME SEPARATOR ',') AS CHAR) FROM information_schema.{source}
            WHERE CAST(NAME AS BINARY) IN ({FileName("@items")}, {FileName("@store")}, {FileName("@collections")}, {FileName("@removals")})
            """, connection);
        Name(command);
        try
        {
            return await command.ExecuteScalarAsync(stop) is string numbers ? numbers : "";
        }
        catch (MySqlException e) when (e.ErrorCode is NoProcessRight or MySqlErrorCode.UnknownTable)
        {
            return "";
        }
    }

    /// <summary>How InnoDB names a table.</summary>
    private static string FileName(string table) =>
        $"CONCAT(CAST(CONVERT(DATABASE() USING filename) AS BINARY), '/', CAST(CONVERT({table} USING filename) AS BINARY))";

    private void Name(MySqlCommand command)
    {
        command.Parameters.AddWithValue("@items", options.Table);
        command.Parameters.AddWithValue("@store", Tables.StoreName(options.Table));
        command.Parameters.AddWithValue("@collections", Tables.CollectionsName(options.Table));
        command.Parameters.AddWithValue("@removals", Tables.RemovalsName(options.Table));
    }

    /// <summary>Without a limit of time: it may be much, and is all or nothing.</summary>
    private static async Task ExecuteAsync(MySqlConnection connection, string sql, CancellationToken stop)
    {
        using var command = new MySqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(stop);
    }

    /// <summary>What the tables say of themselves.</summary>
    /// <param name="Identity">By what they were last known.</param>
    /// <param name="IsBehind">Whether they lack the commit that this host saw last.</param>
    private sealed record Standing(Identity Identity, bool IsBehind);

    /// <summary>By what tables are known again.</summary>
    /// <param name="Numbers">Their numbers in InnoDB; empty if they may not be asked.</param>
    /// <param name="Server">A hash of what tells the server from others; empty in a text of an earlier version.</param>
    /// <param name="Times">Their times of creation.</param>
    private sealed record Identity(string Numbers, string Server, string Times)
    {
        public string Text => this == new Identity("", "", "") ? "" : $"{Numbers}|{Server}|{Times}";

        public static Identity Parse(string text) =>
            text.Split('|') is [var numbers, var server, var times]
                ? new(numbers, server, times)
                : new("", "", text.Replace(", ", ",", StringComparison.Ordinal));

        public bool IsSame(Identity other) =>
            (Server.Length == 0 || Server == other.Server)
            && (Numbers.Length > 0 && other.Numbers.Length > 0 ? Numbers == other.Numbers : Times == other.Times);
    }
}

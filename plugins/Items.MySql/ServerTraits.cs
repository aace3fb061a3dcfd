using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>What the server is and how it is set, as far as it matters here.</summary>
/// <param name="Version">Its version, as it says it.</param>
/// <param name="Collation">Its collation that compares by code points and without padding.</param>
/// <param name="FlushLog">When the log goes to disk: 1 for at each commit, as does MariaDB's 3.</param>
/// <param name="SyncBinaryLog">After how many commits the binary log goes to disk; null if there is none.</param>
/// <param name="LogsAll">
/// Whether the binary log takes the commits of all databases; false where the user may not ask. One that leaves out this database
/// (<c>binlog_ignore_db</c>, <c>binlog_do_db</c>) is not synced for its commits.
/// </param>
internal sealed record ServerTraits(string Version, string Collation, string FlushLog, string? SyncBinaryLog, bool LogsAll)
{
    private const int SyntaxError = 1064, AccessDenied = 1227;

    /// <summary>Asks the server.</summary>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Unusable"/>: it is too old, or could not log what is done here.
    /// </exception>
    public static async Task<ServerTraits> ReadAsync(MySqlConnection connection, MySqlOptions options)
    {
        using var command = new MySqlCommand("""
            SELECT VERSION(), @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog, @@binlog_format,
                (SELECT MAX(COLLATION_NAME) FROM information_schema.COLLATIONS
                    WHERE COLLATION_NAME IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin'))
            """, connection);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        var version = row.GetString(0);
        if (row.IsDBNull(5) || !HasInvisibleColumns(version))
        {
            throw new ItemServiceException(
                ItemServiceFault.Unusable,
                $"{options.Server} is too old ({version}): it needs MariaDB 10.3 or MySQL 8.0.23, "
                + "which can hide columns and compare texts by their code points");
        }
        var hasBinaryLog = $"{row.GetValue(2)}" is "1" or "ON";
        if (hasBinaryLog && row.GetString(4) == "STATEMENT")
        {
            throw new ItemServiceException(
                ItemServiceFault.Unusable,
                $"{options.Server} has a binary log of statements, which refuses transactions at READ COMMITTED: set its binlog_format to "
                    + "MIXED or ROW");
        }
        var (collation, flushLog, syncBinaryLog) = (row.GetString(5), $"{row.GetValue(1)}", $"{row.GetValue(3)}");
        await row.DisposeAsync();
        return new(version, collation, flushLog, hasBinaryLog ? syncBinaryLog : null, hasBinaryLog && await LogsAllAsync(connection));
    }

    /// <summary>Asks which databases the binary log takes; newer servers of MySQL know another statement for it.</summary>
    private static async Task<bool> LogsAllAsync(MySqlConnection connection)
    {
        foreach (var statement in new[] { "SHOW MASTER STATUS", "SHOW BINARY LOG STATUS" })
        {
            try
            {
                using var command = new MySqlCommand(statement, connection);
                await using var row = await command.ExecuteReaderAsync();
                return await row.ReadAsync() && row.GetString("Binlog_Do_DB").Length == 0 && row.GetString("Binlog_Ignore_DB").Length == 0;
            }
            catch (MySqlException e) when (e.Number is AccessDenied or SyntaxError)
            {
                // The right BINLOG MONITOR (or REPLICATION CLIENT) is missing, or it is the other statement.
            }
        }
        return false;
    }

    /// <summary>Whether each commit is on disk when it is answered.</summary>
    public void WarnIfWeak(MySqlOptions options, ItemServiceContext context)
    {
        if (FlushLog is not ("1" or "3"))
        {
            context.Logger.FlushesLate(
                options.Name,
                FlushLog,
                FlushLog == "0" ? "server is killed, or its machine crashes or loses power" : "machine crashes or loses power");
        }
        if (SyncBinaryLog is not null and not "1") context.Logger.SyncsBinaryLogLate(options.Name, SyncBinaryLog);
    }

    /// <summary>MariaDB says <c>10.11.6-MariaDB</c>, and to old clients <c>5.5.5-10.11.6-MariaDB</c>.</summary>
    private static bool HasInvisibleColumns(string version)
    {
        var numbers = version.StartsWith("5.5.5-", StringComparison.Ordinal) ? version[6..] : version;
        return System.Version.TryParse(numbers.Split('-')[0], out var parsed)
            && parsed >= (version.Contains("MariaDB", StringComparison.OrdinalIgnoreCase) ? new Version(10, 3) : new Version(8, 0, 23));
    }
}

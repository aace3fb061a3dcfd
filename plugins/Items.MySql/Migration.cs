using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>
/// Brings the tables into the layout of <see cref="Tables"/>, whatever of it is there. No statement depends on a note of what was done
/// before: each time the database is asked what it has. So this may be interrupted anywhere, and goes on from there.
/// </summary>
internal sealed class Migration(
    MySqlConnection connection, Tables tables, MySqlOptions options, ItemServiceContext context, CancellationToken stop)
{
    /// <summary>The columns that other programs know.</summary>
    private const string KnownColumns = "app, chnl, id, ctime, data";

    /// <summary>
    /// Tells what <see cref="RunAsync"/> would do. A table that is written anew is copied; a slow disk copies 10 MiB a second.
    /// </summary>
    public async Task<IReadOnlyList<StorageChange>> PlanAsync()
    {
        var found = await LookAsync();
        return [.. (await PlanAsync(found)).Select(statement => IsAlteration(statement)
            ? new StorageChange
            {
                Statement = statement,
                Alters = true,
                Rows = found.Rows,
                Bytes = found.Bytes,
                Duration = TimeSpan.FromSeconds(1 + (found.Bytes / (10 << 20))),
            }
            : new StorageChange { Statement = statement })];
    }

    public async Task RunAsync()
    {
        var found = await LookAsync();

        // :: 1. Whatever the history was, it is not that of a table which is altered.
        var statements = await PlanAsync(found);
        var altered = statements.Exists(statement => statement != tables.CreateCommits);
        if (altered && await ExistsAsync(Tables.StoreName(options.Table))) await ExecuteAsync($"UPDATE {tables.Store} SET made = ''");

        // :: 2. Each of these may take long, for a large table. None is ended by the time for opening; none is begun after it.
        for (var i = 0; i < statements.Count; i++)
        {
            stop.ThrowIfCancellationRequested();
            if (!IsAlteration(statements[i]))
            {
                context.Logger.Creating(options.Table, options.Name, statements[i]);
                await StepAsync(statements, i);
                continue;
            }
            var began = context.Time.GetTimestamp();
            context.Logger.Altering(options.Table, options.Name, found.Rows, found.Bytes / (double)(1 << 20), statements[i]);
            await StepAsync(statements, i);
            context.Logger.Altered(options.Table, options.Name, context.Time.GetElapsedTime(began).TotalSeconds);
        }

        // :: 3. If the tables are not those that were left, clients get all anew.
        await ConfirmHistoryAsync(quiet: altered);
    }

    private static bool IsAlteration(string statement) => statement.StartsWith("ALTER", StringComparison.Ordinal);

    /// <summary>Looks at what is there, and refuses what is not ours.</summary>
    private async Task<FoundTable> LookAsync()
    {
        var found = await FoundTable.ReadAsync(connection, options.Table);
        if (found.Columns.Count > 0) Check(found);
        await CheckFormatAsync();
        return found;
    }

    /// <summary>Refuses what is not ours, by reading only.</summary>
    private void Check(FoundTable found)
    {
        var columns = string.Join(", ", found.Columns.Where(column => !column.Hidden).Select(column => column.Name));
        var hidden = found
            .Columns.Where(column => column.Hidden)
            .Select(column => column.Name)
            .Except(tables.Columns.Select(column => column.Name));
        if (columns == KnownColumns && found.Key == "app, chnl, id" && !hidden.Any()) return;
        throw new ItemServiceException(
            ItemServiceFault.Unusable,
            $"table {options.Table} of {options.Name} is another program's: it has the columns "
                + $"{string.Join(", ", found.Columns.Select(column => column.Name))} and the key {(found.Key.Length == 0 ? "none" : found.Key)}, "
                + $"expected {KnownColumns} and the key app, chnl, id; use another db_table or db_name");
    }

    private async Task CheckFormatAsync()
    {
        if (!await ExistsAsync(Tables.StoreName(options.Table))) return;
        using var command = new MySqlCommand($"SELECT format FROM {tables.Store}", connection);
        if (await command.ExecuteScalarAsync(stop) is not { } format || Convert.ToInt64(format, null) == Tables.Format) return;
        throw new ItemServiceException(
            ItemServiceFault.Unusable,
            $"table {options.Table} of {options.Name} was last used by another version of this plugin (format {format}, expected "
                + $"{Tables.Format}): "
            + "use that version");
    }

    /// <summary>What has still to be run, in order.</summary>
    private async Task<List<string>> PlanAsync(FoundTable found)
    {
        var statements = new List<string>();
        foreach (var (name, statement) in tables.CreateOthers)
        {
            if (!await ExistsAsync(name)) statements.Add(statement);
        }
        if (found.Columns.Count == 0)
        {
            statements.Add(tables.CreateItems);
            return statements;
        }

        // All that writes the table anew is one statement.
        var changes = tables.Columns.Where(column => column.Name != "touched" && !found.Has(column, tables.Collation))
            .Select(column => $"{(found.Has(column.Name) ? "MODIFY" : "ADD COLUMN")} {column.Name} {column.Definition}").ToList();
        if (!found.Has("touched")) changes.Add($"ADD COLUMN touched {Tables.TouchedAtFirst}");
        if (!found.IsTransactional) changes.AddRange(["ENGINE=InnoDB", "ROW_FORMAT=DYNAMIC"]);
        if (changes.Count > 0) statements.Add($"ALTER TABLE {tables.Items} {string.Join(", ", changes)}");
        if (!found.NotesTouches) statements.Add($"ALTER TABLE {tables.Items} MODIFY touched {tables.Columns[^1].Definition}");
        return statements;
    }

    private async Task StepAsync(List<string> statements, int step)
    {
        try
        {
            await ExecuteAsync(statements[step]);
        }
        catch (MySqlException e) when (e.ErrorCode is MySqlErrorCode.TableAccessDenied or MySqlErrorCode.DatabaseAccessDenied)
        {
            throw new ItemServiceException(
                ItemServiceFault.Unusable,
                $"table {options.Table} of {options.Name} must be made ready, and user {options.User} may not: grant CREATE and ALTER, "
                + $"or let someone who may run, in database {options.Database}: {string.Join("; ", statements[step..])};", e);
        }
        catch (MySqlException e) when (DataIsInTheWay(e))
        {
            throw new ItemServiceException(
                ItemServiceFault.Unusable,
                $"table {options.Table} of {options.Name} can't be made ready, it is as it was ({e.Message}): change what is in the way of "
                + $"{statements[step]}, or use another db_table", e);
        }
        options.AfterStep(statements[step]);
    }

    /// <summary>Too long for the column or the index, no text, or twice the same.</summary>
    private static bool DataIsInTheWay(MySqlException e) => e.Number is 1062 or 1071 or 1118 or 1265 or 1292 or 1300 or 1366 or 1406;

    private async Task ConfirmHistoryAsync(bool quiet)
    {
        await ExecuteAsync(
            $"INSERT IGNORE INTO {tables.Store} (one, format, epoch, made) VALUES (1, {Tables.Format}, '{Epoch.New()}', '')");
        await new Lineage(tables, options, context.Logger).CheckAsync(connection, quiet, CancellationToken.None);
    }

    private async Task<bool> ExistsAsync(string name)
    {
        using var command = new MySqlCommand(
            "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = @name", connection);
        command.Parameters.AddWithValue("@name", name);
        return Convert.ToInt64(await command.ExecuteScalarAsync(stop), null) > 0;
    }

    /// <summary>Without a limit of its own, and not cancelled.</summary>
    private async Task ExecuteAsync(string sql)
    {
        using var command = new MySqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }
}

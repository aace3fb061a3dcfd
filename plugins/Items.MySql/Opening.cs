using System.Security.Cryptography;
using System.Text;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>
/// Makes the database ready, on a connection of its own. It outlasts the time for opening: a large table takes longer to be
/// altered, and beginning anew at each attempt would never end. A later attempt finds it under way, or done.
/// </summary>
internal static class Opening
{
    /// <exception cref="ItemServiceException">See <see cref="IItemService.OpenAsync"/>.</exception>
    public static async Task<ServerTraits> RunAsync(MySqlOptions options, ItemServiceContext context, CancellationToken stop)
    {
        try
        {
            var connection = await ConnectAsync(options, stop);
            var work = WorkAsync(connection, options, context, stop);
            try
            {
                return await work.WaitAsync(stop);
            }
            catch (OperationCanceledException) when (!work.IsCompleted)
            {
                // The server does not notice who is gone before a statement ends. So this one keeps the connection, and its lock, until
                // then.
                _ = work.ContinueWith(
                    late => context.Logger.LateMigrationFailed(options.Table, options.Name, late.Exception!.GetBaseException()),
                    CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
                throw new ItemServiceException(
                    ItemServiceFault.Unavailable, $"{options.Name} takes its time to make table {options.Table} ready; it goes on");
            }
        }
        catch (Exception e) when (Faults.IsForeign(e))
        {
            throw Faults.AtOpening(e, options);
        }
    }

    /// <summary>Tells what <see cref="RunAsync"/> would do, by reading only.</summary>
    /// <exception cref="ItemServiceException">See <see cref="IItemService.PlanAsync"/>.</exception>
    public static async Task<IReadOnlyList<StorageChange>> PlanAsync(
        MySqlOptions options, ItemServiceContext context, CancellationToken stop)
    {
        try
        {
            await using var connection = await ConnectIfThereAsync(options, stop);
            if (connection is null) return await PlanAllAsync(options, context, stop);
            using (var settings = new MySqlCommand(Connections.Settings(options), connection)) await settings.ExecuteNonQueryAsync(stop);
            var traits = await ServerTraits.ReadAsync(connection, options);
            traits.WarnIfWeak(options, context);
            return await new Migration(connection, new Tables(options.Table, traits.Collation), options, context, stop).PlanAsync();
        }
        catch (Exception e) when (Faults.IsForeign(e))
        {
            throw Faults.AtOpening(e, options);
        }
    }

    /// <summary>There is no database yet: all is to be made.</summary>
    private static async Task<IReadOnlyList<StorageChange>> PlanAllAsync(
        MySqlOptions options, ItemServiceContext context, CancellationToken stop)
    {
        await using var connection = await ConnectAsync(options, "", stop);
        var traits = await ServerTraits.ReadAsync(connection, options);
        traits.WarnIfWeak(options, context);
        var tables = new Tables(options.Table, traits.Collation);
        string[] statements = [CreateDatabase(options), .. tables.CreateOthers.Select(other => other.Statement), tables.CreateItems];
        return [.. statements.Select(statement => new StorageChange { Statement = statement })];
    }

    /// <summary>Connects to the database; null if it is not there.</summary>
    private static async Task<MySqlConnection?> ConnectIfThereAsync(MySqlOptions options, CancellationToken stop)
    {
        try
        {
            return await ConnectAsync(options, options.Database, stop);
        }
        catch (MySqlException e) when (e.ErrorCode is MySqlErrorCode.UnknownDatabase)
        {
            return null;
        }
        catch (MySqlException e) when (e.ErrorCode is MySqlErrorCode.DatabaseAccessDenied)
        {
            throw MayNotUse(options, e);
        }
    }

    private static async Task<ServerTraits> WorkAsync(
        MySqlConnection connection, MySqlOptions options, ItemServiceContext context, CancellationToken stop)
    {
        await using (connection)
        {
            using (var settings = new MySqlCommand(Connections.Settings(options), connection)) await settings.ExecuteNonQueryAsync(stop);
            var traits = await ServerTraits.ReadAsync(connection, options);
            await LockAsync(connection, options, stop);
            await new Migration(connection, new Tables(options.Table, traits.Collation), options, context, stop).RunAsync();
            return traits;
        }
    }

    /// <summary>Connects to the database, and creates it if it is not there.</summary>
    private static async Task<MySqlConnection> ConnectAsync(MySqlOptions options, CancellationToken stop)
    {
        try
        {
            return await ConnectAsync(options, options.Database, stop);
        }
        catch (MySqlException e) when (e.ErrorCode is MySqlErrorCode.UnknownDatabase or MySqlErrorCode.DatabaseAccessDenied)
        {
            try
            {
                await using var connection = await ConnectAsync(options, "", stop);
                using var command = new MySqlCommand(CreateDatabase(options), connection);
                await command.ExecuteNonQueryAsync(stop);
            }
            catch (MySqlException refusal) when (refusal.ErrorCode is MySqlErrorCode.DatabaseAccessDenied or MySqlErrorCode.AccessDenied)
            {
                throw MayNotUse(options, refusal);
            }
            return await ConnectAsync(options, options.Database, stop);
        }
    }

    private static string CreateDatabase(MySqlOptions options) =>
        $"CREATE DATABASE IF NOT EXISTS `{options.Database}` CHARACTER SET utf8mb4";

    private static ItemServiceException MayNotUse(MySqlOptions options, MySqlException refusal) => new(
        ItemServiceFault.Config,
        $"user {options.User} may not use database {options.Database} of {options.Server}, nor create it: let someone who may run "
            + $"{CreateDatabase(options)}; GRANT ALL ON `{options.Database}`.* TO the user", refusal)
    {
        ConfigKey = "db_name",
    };

    private static async Task<MySqlConnection> ConnectAsync(MySqlOptions options, string database, CancellationToken stop)
    {
        var settings = options.Connection(database);
        settings.Pooling = false;
        var connection = new MySqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync(stop);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Hosts make a table ready one at a time. The lock goes with the connection.</summary>
    private static async Task LockAsync(MySqlConnection connection, MySqlOptions options, CancellationToken stop)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{options.Database}.{options.Table}")))[..32];
        using var command = new MySqlCommand($"SELECT GET_LOCK('sharedstate {name}', {options.LockSeconds})", connection);
        if (await command.ExecuteScalarAsync(stop) is 1 or 1L) return;
        throw new ItemServiceException(
            ItemServiceFault.Unavailable, $"table {options.Table} of {options.Name} is being made ready, by this host or another one");
    }
}

using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>Removes old commits and the rows of forgotten collections, a little at a time, beside all else. Any host does it.</summary>
internal sealed class Pruning(Connections connections, Tables tables, MySqlOptions options, ILogger logger)
{
    /// <summary>
    /// How many numbers go at a time: a transaction of some milliseconds. They may be far fewer commits, if numbers were left out.
    /// </summary>
    private const int Step = 1000;

    /// <summary>Between two steps while there is more to remove: so that one host keeps up with 5,000 commits a second.</summary>
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(200);

    private Task<bool>? _step;
    private long _started;
    private TimeSpan _wait = TimeSpan.Zero;

    /// <summary>Starts a step, if the one before is done and it is time for another one.</summary>
    public void StartIfDue()
    {
        if (_step is not null)
        {
            if (!_step.IsCompleted) return;

            // At different times in different hosts.
            _wait = _step.Result ? _pause : options.PruneInterval * (1 + Random.Shared.NextDouble());
            _step = null;
        }
        if (Stopwatch.GetElapsedTime(_started) < _wait) return;
        _started = Stopwatch.GetTimestamp();
        _step = StepAsync();
    }

    /// <summary>Returns when nothing is under way.</summary>
    public async Task EndAsync()
    {
        if (_step is not null) await _step;
    }

    /// <returns>Whether there may be more.</returns>
    private async Task<bool> StepAsync()
    {
        try
        {
            return await connections.ReadAsync(RunAsync, CancellationToken.None) > 0;
        }
        catch (Exception e) when (Faults.IsForeign(e) || e is ItemServiceException)
        {
            if (!Faults.HasMetAnother(e)) logger.PruningFailed(options.Table, options.Name, e);
            return false;
        }
    }

    /// <summary>
    /// Looks, without a lock, up to which of the lowest numbers all may go. What is under way is neither so old nor so far behind.
    /// </summary>
    private async Task<int> RunAsync(MySqlConnection connection)
    {
        var age = options.CommitsAge.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        using var look = new MySqlCommand(
            $"SELECT MAX(seq) FROM {tables.Commits} FORCE INDEX (seq) WHERE seq < (SELECT MIN(seq) FROM {tables.Commits}) + {Step} "
                + $"AND (made <= CURRENT_TIMESTAMP(6) - INTERVAL {age} SECOND OR seq <= (SELECT MAX(seq) FROM {tables.Commits}) - "
                + $"{options.CommitsKept})",
            connection);
        if (await look.ExecuteScalarAsync() is not { } found || found is DBNull) return 0;
        var last = Convert.ToInt64(found, CultureInfo.InvariantCulture);

        // Rows of collections that were forgotten then and not written to since: a commit locks its row, and its revision is no longer 0.
        using var forgotten = new MySqlCommand(
            $"DELETE collections FROM {tables.Commits} AS commits FORCE INDEX (seq) JOIN {tables.Collections} AS collections USING "
                + "(collection) "
            + $"WHERE commits.seq <= {last} AND commits.revision = 0 AND collections.revision = 0", connection);
        await forgotten.ExecuteNonQueryAsync();
        using var delete = new MySqlCommand($"DELETE FROM {tables.Commits} WHERE seq <= {last}", connection);
        return await delete.ExecuteNonQueryAsync();
    }
}

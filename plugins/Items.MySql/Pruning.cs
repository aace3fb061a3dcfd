using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>Removes old commits: a little at a time, beside all else, by whichever host gets to it.</summary>
internal sealed class Pruning(Connections connections, Tables tables, MySqlOptions options, ILogger logger)
{
    /// <summary>How many go at a time: a transaction of some milliseconds.</summary>
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
            return await connections.ReadAsync(RunAsync, CancellationToken.None) >= Step / 2;
        }
        catch (Exception e) when (Faults.IsForeign(e) || e is ItemServiceException)
        {
            if (!Faults.HasMetAnother(e)) logger.PruningFailed(options.Table, options.Name, e);
            return false;
        }
    }

    /// <summary>Looks, without a lock, up to which of the lowest numbers all may go. What is under way is neither so old nor so far behind.</summary>
    private async Task<int> RunAsync(MySqlConnection connection)
    {
        var age = options.CommitsAge.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        using var look = new MySqlCommand(
            $"SELECT MAX(seq) FROM {tables.Commits} FORCE INDEX (seq) WHERE seq < (SELECT MIN(seq) FROM {tables.Commits}) + {Step} "
            + $"AND (made <= CURRENT_TIMESTAMP(6) - INTERVAL {age} SECOND OR seq <= (SELECT MAX(seq) FROM {tables.Commits}) - {options.CommitsKept})",
            connection);
        if (await look.ExecuteScalarAsync() is not { } last || last is DBNull) return 0;
        using var delete = new MySqlCommand($"DELETE FROM {tables.Commits} WHERE seq <= {Convert.ToInt64(last, CultureInfo.InvariantCulture)}", connection);
        return await delete.ExecuteNonQueryAsync();
    }
}

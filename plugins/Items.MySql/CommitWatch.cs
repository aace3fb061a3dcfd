using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>
/// Says where collections were brought to, by asking again and again for the commits that came into sight: one small query each time,
/// however many collections there are.
/// </summary>
internal sealed class CommitWatch(Connections connections, Tables tables, MySqlOptions options, Pace pace, Pruning pruning) : IDisposable
{
    /// <summary>What MySQL answers where MariaDB answers <see cref="MySqlErrorCode.LockWaitTimeout"/>.</summary>
    private const MySqlErrorCode LockedInMySql = (MySqlErrorCode)3572;

    private readonly CancellationTokenSource _closed = new();

    /// <summary>
    /// Ends what is being asked, and whatever is asked later. (The source of the token is left as it is: somebody may still ask it.)
    /// </summary>
    public void Dispose() => _closed.Cancel();

    /// <inheritdoc cref="IItemFeed.WatchAsync"/>
    /// <remarks>
    /// On a connection of its own: if that is lost, the server may have been restarted, and may give numbers again that were seen.
    /// </remarks>
    public async IAsyncEnumerable<IReadOnlyList<CollectionPosition>> RunAsync([EnumeratorCancellation] CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _closed.Token);
        await using var connection = await AskAsync(() => connections.OpenAsync(either.Token), stop);
        var gaps = new Gaps(await AskAsync(() => StartAsync(connection, either.Token), stop));
        try
        {
            while (true)
            {
                var asked = Stopwatch.GetTimestamp();
                var found = await AskAsync(() => PollAsync(connection, gaps, either.Token), stop);
                if (found.Count > 0) pace.Stir();
                pruning.StartIfDue();
                yield return found;
                await AskAsync(() => pace.WaitAsync(asked, either.Token), stop);
            }
        }
        finally
        {
            await pruning.EndAsync();
        }
    }

    /// <summary>The highest number before which nothing is under way any more.</summary>
    private async Task<long> StartAsync(MySqlConnection connection, CancellationToken stop)
    {
        using var command = new MySqlCommand(
            $"SELECT seq FROM {tables.Commits} FORCE INDEX (seq) WHERE made <= CURRENT_TIMESTAMP(6) - INTERVAL {Seconds(options.GapTime)} "
                + "SECOND ORDER BY seq DESC LIMIT 1",
            connection);
        return await command.ExecuteScalarAsync(stop) is { } seq ? Convert.ToInt64(seq, CultureInfo.InvariantCulture) : 0;
    }

    private async Task<IReadOnlyList<CollectionPosition>> PollAsync(MySqlConnection connection, Gaps gaps, CancellationToken stop)
    {
        // The order of the join is ours: numbers first, and few of them, whatever the server knows of the tables.
        var now = Stopwatch.GetTimestamp();
        var found = new Dictionary<long, CollectionPosition>();
        using (
            var command = new MySqlCommand(
                $"SELECT STRAIGHT_JOIN seq, collections.collection, app, chnl, epoch, collections.revision FROM {tables.Commits} AS "
                    + "commits FORCE INDEX (seq) "
                    + $"JOIN {tables.Collections} AS collections ON collections.collection = commits.collection WHERE seq > "
                    + $"{gaps.High}{OrIn(gaps.All)} ORDER BY seq", connection))
        {
            await using var reader = await command.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop))
            {
                gaps.Saw(reader.GetInt64(0), now);
                var collection = reader.GetInt64(1);
                if (found.ContainsKey(collection)) continue;
                var key = new CollectionKey(CommandText.Text(reader, 2), CommandText.Text(reader, 3));
                found.Add(collection, new(key, new(reader.GetString(4), reader.GetInt64(5))));
            }
        }
        var old = now - (long)(options.GapTime.TotalSeconds * Stopwatch.Frequency);
        if (gaps.All is [var oldest, ..] && oldest.Since <= old) await LookIntoAsync(connection, gaps, old, now, stop);
        gaps.Merge();
        return [.. found.Values];
    }

    /// <summary>
    /// Looks whether old gaps are still under way: a COMMIT may wait for minutes while a backup locks all, also when its host is gone. What
    /// has a number and is not committed is locked.
    /// </summary>
    private async Task LookIntoAsync(MySqlConnection connection, Gaps gaps, long old, long now, CancellationToken stop)
    {
        var ranges = OrIn([.. gaps.All.Where(gap => gap.Since <= old)]);
        using var command = new MySqlCommand(
            $"SELECT COUNT(*) FROM (SELECT seq FROM {tables.Commits} FORCE INDEX (seq) WHERE FALSE{ranges} FOR UPDATE NOWAIT) AS seen",
            connection);
        try
        {
            // What came into sight since they were asked for is found when they are asked for again.
            if (Convert.ToInt64(await command.ExecuteScalarAsync(stop), CultureInfo.InvariantCulture) == 0) gaps.GiveUp(old);
        }
        catch (MySqlException e) when (e.ErrorCode is MySqlErrorCode.LockWaitTimeout or LockedInMySql)
        {
            gaps.Renew(old, now);
        }
    }

    private Task<bool> AskAsync(Func<Task> ask, CancellationToken stop) => AskAsync(
        async () =>
        {
            await ask();
            return true;
        },
        stop);

    /// <summary>Whatever goes wrong, something may be missed.</summary>
    private async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken stop)
    {
        try
        {
            return await ask();
        }
        catch (Exception e) when (e is OperationCanceledException || Faults.IsForeign(e))
        {
            if (stop.IsCancellationRequested) throw new OperationCanceledException(e.Message, e, stop);
            if (_closed.IsCancellationRequested) throw Faults.Closed(options);
            throw new ItemServiceException(ItemServiceFault.Unavailable, Faults.Of(e, options).Message, e);
        }
    }

    private static string OrIn(IReadOnlyList<Gaps.Gap> gaps)
    {
        var text = new StringBuilder();
        for (var i = 0; i < gaps.Count; i++)
            text.Append(CultureInfo.InvariantCulture, $" OR seq BETWEEN {gaps[i].First} AND {gaps[i].Last}");
        return text.ToString();
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString(CultureInfo.InvariantCulture);
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>
/// Tells where collections were brought to, on a connection of its own. It asks the database whenever another host rings, and every so
/// often without. The place where it was is a snapshot: what is visible now and was not in that one is new, in whatever order transactions
/// began and ended. A sequence could not tell that, as a lower number may become visible after a higher one.
/// </summary>
internal sealed class Watcher(Database database, string channel, string ownRing)
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(400);

    private const string Start = $"SELECT pg_current_snapshot()::text, s.epoch FROM {Lineage.Row} s";

    private const string Next =
        $"""
        SELECT pg_current_snapshot()::text, s.epoch, c.app, c.name, c.revision
        FROM {Lineage.Row} s
        LEFT JOIN collections c ON c.changed >= pg_snapshot_xmin($1::text::pg_snapshot)
            AND NOT pg_visible_in_snapshot(c.changed, $1::text::pg_snapshot) AND c.revision > 0
        """;

    /// <summary>
    /// Watches until it is stopped, which ends it quietly, or until something fails, and it is not known what was missed.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync([EnumeratorCancellation] CancellationToken stop)
    {
        // Never a second connection: a server that crashed may give out numbers of transactions again that were in use before, and the
        // snapshot would take those for known. The host begins anew, and so asks for all that it has.
        await using var connection = await AttemptAsync(OpenAsync, null, stop).ConfigureAwait(false);
        if (connection == null)
        {
            yield break;
        }

        var isRung = false;
        connection.Notification += (_, e) => isRung |= e.Payload != ownRing;
        var cursor = await AttemptAsync(s => StartAsync(connection, s), null, stop).ConfigureAwait(false);
        while (cursor != null)
        {
            yield return cursor.News;
            // Before it is asked, not after: a ring that comes meanwhile is for the next time.
            if (!await AttemptAsync(s => WaitAsync(connection, () => isRung, s), false, stop).ConfigureAwait(false))
            {
                yield break;
            }

            isRung = false;
            var last = cursor;
            cursor = await AttemptAsync(s => NextAsync(connection, last, s), null, stop).ConfigureAwait(false);
        }
    }

    private static async Task<T> AttemptAsync<T>(Func<CancellationToken, Task<T>> step, T stopped, CancellationToken stop)
    {
        try
        {
            return await step(stop).ConfigureAwait(false);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            return stopped;
        }
        catch (Exception e)
        {
            throw Faults.From(e, stop);
        }
    }

    private async Task<NpgsqlConnection?> OpenAsync(CancellationToken stop)
    {
        var connection = await database.OpenSingleAsync(stop).ConfigureAwait(false);
        try
        {
            await using var listen = new NpgsqlCommand($"LISTEN {channel}", connection);
            await listen.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<Cursor?> StartAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(Start, connection);
        return await ReadAsync(command, null, stop).ConfigureAwait(false);
    }

    private static async Task<Cursor?> NextAsync(NpgsqlConnection connection, Cursor last, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(Next, connection) { Parameters = { new() { Value = last.Snapshot } } };
        return await ReadAsync(command, last.Epoch, stop).ConfigureAwait(false);
    }

    private static async Task<Cursor?> ReadAsync(NpgsqlCommand command, string? epoch, CancellationToken stop)
    {
        await using var reader = await command.ExecuteReaderAsync(stop).ConfigureAwait(false);
        Cursor? cursor = null;
        var news = new List<CollectionPosition>();
        while (await reader.ReadAsync(stop).ConfigureAwait(false))
        {
            cursor ??= new Cursor(reader.GetString(0), reader.GetString(1), news);
            if (reader.FieldCount > 2 && !reader.IsDBNull(2))
            {
                var key = new CollectionKey(Names.Decode(reader.GetFieldValue<byte[]>(2)), Names.Decode(reader.GetFieldValue<byte[]>(3)));
                news.Add(new CollectionPosition(key, new Position(cursor.Epoch, reader.GetInt64(4))));
            }
        }

        return cursor != null && (epoch ?? cursor.Epoch) == cursor.Epoch ? cursor : throw new HistoryReplacedException();
    }

    // Whether to go on, which is always.
    private static async Task<bool> WaitAsync(NpgsqlConnection connection, Func<bool> isRung, CancellationToken stop)
    {
        var since = Stopwatch.GetTimestamp();
        for (var left = _pause; !isRung() && left > TimeSpan.Zero; left = _pause - Stopwatch.GetElapsedTime(since))
        {
            await connection.WaitAsync((int)left.TotalMilliseconds + 1, stop).ConfigureAwait(false);
        }

        return !stop.IsCancellationRequested;
    }

    private sealed record Cursor(string Snapshot, string Epoch, IReadOnlyList<CollectionPosition> News);
}

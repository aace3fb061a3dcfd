using System.Diagnostics;
using System.Runtime.CompilerServices;
using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>Watches all hosts' commits: hears the messages of the channel, and asks the tellers how many there must be.</summary>
/// <remarks>
/// That a message was not lost is nothing that a channel could tell: it forgets, a connection comes back with a hole, a Cluster passes on
/// what it can, and the server that the channel is heard from may not be the master any more. So the messages are numbered, where the
/// commits are stored, and a list is handed on when all are there that were counted when it was asked for.
/// </remarks>
internal sealed class CommitWatch(Server server, Layout layout, Buckets buckets, Landmarks landmarks, string host)
{
    private readonly RedisOptions _options = server.Options;
    private readonly IReadOnlyList<Bucket> _tellers = layout.Tellers(server.IsCluster);

    /// <summary>The lists of <see cref="IItemFeed.WatchAsync"/>.</summary>
    public async IAsyncEnumerable<IReadOnlyList<CollectionPosition>> ListsAsync([EnumeratorCancellation] CancellationToken stop)
    {
        using var bulletin = new Bulletin(layout, _tellers, landmarks, host);
        try
        {
            await WithinTimeAsync(limit => BeginAsync(bulletin, limit), stop);
            yield return [];
            while (true)
            {
                var asked = Stopwatch.GetTimestamp();
                yield return await NextAsync(bulletin, stop);
                var pause = _options.ClusterPause - Stopwatch.GetElapsedTime(asked);
                if (server.IsCluster && pause > TimeSpan.Zero) await Task.Delay(pause, stop);
            }
        }
        finally
        {
            await server.UnsubscribeAsync(layout.Channel);
        }
    }

    private async Task BeginAsync(Bulletin bulletin, CancellationToken limit)
    {
        await server.SubscribeAsync(layout.Channel, bulletin.Hear, limit);
        bulletin.Begin(await CountsAsync(limit));

        // From here on the numbers show an older copy. One that is there already shows by the landmarks.
        if (!await landmarks.AreMissingAsync(limit)) return;
        await buckets.ReplaceAsync(limit);
        throw Missed();
    }

    private async Task<IReadOnlyList<CollectionPosition>> NextAsync(Bulletin bulletin, CancellationToken stop)
    {
        while (true)
        {
            var asked = Stopwatch.GetTimestamp();
            await WithinTimeAsync(limit => ConfirmAsync(bulletin, limit), stop);

            // The list is true from here on. If it is empty, it waits for what comes next.
            while (!bulletin.HasNews && _options.IdleTime - Stopwatch.GetElapsedTime(asked) is { Ticks: > 0 } rest)
                await bulletin.WaitAsync(rest, stop);

            // A host that was suspended meanwhile would take it for fresh: it is asked again.
            if (Stopwatch.GetElapsedTime(asked) < _options.ConfirmTime) return bulletin.Take() ?? throw Missed();
        }
    }

    /// <summary>Returns when all was heard that was committed before.</summary>
    private async Task ConfirmAsync(Bulletin bulletin, CancellationToken limit)
    {
        var before = bulletin.Heard();
        var counts = await CountsAsync(limit);
        while (bulletin.HasHeard(counts, before) is not true and var known)
        {
            if (known is null)
            {
                // Before any other host commits to what is there now, if it can be: the same revisions would be given again.
                if (bulletin.IsReplaced) await buckets.ReplaceAsync(limit);
                throw Missed();
            }
            await bulletin.WaitAsync(Timeout.InfiniteTimeSpan, limit);
        }
    }

    private async Task WithinTimeAsync(Func<CancellationToken, Task> step, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(_options.ConfirmTime);
        try
        {
            await step(limit.Token);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            throw new OperationCanceledException(stop);
        }
        catch (OperationCanceledException)
        {
            throw Missed();
        }
    }

    /// <summary>
    /// Asks the masters how many messages there were, on the connection of commits and loads: not the server that the channel is heard
    /// from.
    /// </summary>
    private Task<Count[]> CountsAsync(CancellationToken stop) => server.AskAsync(
        database => Task.WhenAll(_tellers.Select(async teller =>
        {
            var fields = await database.HashGetAsync(teller.Mark, ["epoch", "told", "token"], CommandFlags.DemandMaster);
            return new Count((string?)fields[0] ?? "", Number(fields[1]), Number(fields[2]));
        })),
        stop);

    private static long Number(RedisValue value) => value.IsNull ? 0 : (long)value;

    private ItemServiceException Missed() =>
        new(
            ItemServiceFault.Unavailable,
            $"{_options.Name}: a message about a commit was lost, or its history was replaced; what was missed is asked for");
}

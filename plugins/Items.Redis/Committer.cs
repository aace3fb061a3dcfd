using System.Diagnostics;
using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>Stores batches, each exactly once, however often its script had to be sent.</summary>
/// <remarks>
/// Commits are numbered, and the script remembers the outcome of the host's last one. So a commit whose answer was lost is sent again: it
/// is stored then, or its first outcome comes back. Where time is over before that, the outcome is unknown; before anything is read or
/// committed after it, it is settled: a script that is still on its way, in a connection that was given up, finds that its number is too
/// low.
/// </remarks>
internal sealed class Committer(Server server, Layout layout, Buckets buckets) : IDisposable
{
    private readonly RedisOptions _options = server.Options;
    private readonly CancellationTokenSource _closing = new();
    private volatile Task _current = Task.CompletedTask;

    /// <summary>Commits that ended without their outcome being known, and where it would be. Locks itself: loads settle too.</summary>
    private readonly List<(RedisKey Outcomes, long Number)> _inDoubt = [];

    /// <summary>The last commit's number. The host never makes two commits at a time.</summary>
    private long _number;

    /// <summary>The name by which this host's commits are known.</summary>
    public string Host { get; } = Epoch.New();

    public async Task<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        if (stop.IsCancellationRequested)
            throw new ItemServiceException(ItemServiceFault.Unavailable, $"{_options.Name}: the commit was cancelled before it began");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop, _closing.Token);
        limit.CancelAfter(_options.CommitTime);
        await SettleAsync(limit.Token);
        var (number, results) = (++_number, new CommitResult[batch.Count]);
        var work = Task.WhenAll(Parts(batch).Select(part => TryCommitAsync(part, number, results, limit.Token)));
        _current = work;
        var failures = await work;

        // In a Cluster some parts may be stored and others not; of one part it is known.
        ItemServiceException? failure = null;
        foreach (var other in failures)
        {
            if (other is not null && failure?.Fault != ItemServiceFault.OutcomeUnknown) failure = other;
        }
        if (failure is null) return results;
        if (failures.Contains(null) && failure.Fault != ItemServiceFault.OutcomeUnknown)
            throw new ItemServiceException(
                ItemServiceFault.OutcomeUnknown, $"a part of a batch was stored, another was not: {failure.Message}", failure);
        throw failure;
    }

    /// <summary>
    /// Makes sure that commits of unknown outcome either have happened or never will. Before it returns nothing that is read is sure to
    /// stay.
    /// </summary>
    /// <exception cref="ItemServiceException">Redis can't be asked.</exception>
    public async Task SettleAsync(CancellationToken stop)
    {
        while (true)
        {
            (RedisKey Outcomes, long Number) first;
            lock (_inDoubt)
            {
                if (_inDoubt.Count == 0) return;
                first = _inDoubt[0];
            }
            await SettleAsync(first.Outcomes, first.Number, stop);
            lock (_inDoubt) _inDoubt.Remove(first);
        }
    }

    /// <summary>
    /// Forgets a collection's history if the collection has no items and stands at this position. Done twice, it does no harm.
    /// </summary>
    /// <exception cref="ItemServiceException">Redis can't be asked.</exception>
    public async Task<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop)
    {
        var keys = layout.Of(key);
        var bucket = keys.Bucket;
        RedisKey[] all = [bucket.Mark, bucket.Emptied, keys.Meta, keys.Items, keys.Removals, keys.Changes];
        var answer = await server.AskAsync(
            database => Script.RunAsync(database, Script.Forget, all, [at.Epoch, at.Revision, keys.Name]), stop);
        return (int)answer[0] == 1;
    }

    /// <summary>Lets a commit that runs end, though not for long, and ends what waits for a connection.</summary>
    public async Task CloseAsync()
    {
        await _current.WaitAsync(_options.ReconnectTime).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _closing.CancelAsync();
        await _current.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _closing.Dispose();

    private List<BatchPart> Parts(IReadOnlyList<ItemUpdate> batch)
    {
        var parts = new Dictionary<Bucket, BatchPart>();
        for (var place = 0; place < batch.Count; place++)
        {
            var teller = server.IsCluster ? layout.Of(batch[place].Key).Bucket : layout.All[0];
            if (!parts.TryGetValue(teller, out var part)) parts.Add(teller, part = new BatchPart(_options, layout, teller));
            part.Add(batch[place], place);
        }
        return [.. parts.Values];
    }

    /// <summary>Stores a part, or says why not.</summary>
    private async Task<ItemServiceException?> TryCommitAsync(BatchPart part, long number, CommitResult[] results, CancellationToken stop)
    {
        try
        {
            await CommitAsync(part, number, results, stop);
            return null;
        }
        catch (ItemServiceException e)
        {
            return e;
        }
    }

    private async Task CommitAsync(BatchPart part, long number, CommitResult[] results, CancellationToken stop)
    {
        var (began, mayBeStored) = (Stopwatch.GetTimestamp(), false);
        var keys = part.Keys();
        while (true)
        {
            Failure failure;
            Exception cause;
            Sight[] seen = [.. part.Buckets.Select(bucket => bucket.Seen)];
            var told = part.Teller.Seen;
            try
            {
                // :: 1. Send it, with what was seen of its buckets.
                var values = part.Values(Host, number, seen, told);
                var answer = await Script.RunAsync(server.Database, Script.Commit, keys, values).WaitAsync(stop);
                if (Read(part, answer, seen, told, results)) return;

                // :: 2. A bucket is not what it was, or is being moved, and nothing was stored: look at it, and send it again.
                (failure, cause) = ((string?)answer[0] == "migrating" ? Failure.Migrating : Failure.Moved, new TimeoutException());
                if (failure == Failure.Moved)
                {
                    await buckets.VisitAsync(part.Teller, told, stop);
                    for (var i = 0; i < seen.Length; i++) await buckets.VisitAsync(part.Buckets[i], seen[i], stop);
                }
            }
            catch (Exception e) when (Failure.TryTell(e, out failure))
            {
                cause = e;
                mayBeStored |= failure.MayHaveRun;
            }
            catch (ItemServiceException e) when (mayBeStored && e.IsTransient)
            {
                (failure, cause) = (Failure.Moved, e);
            }

            // :: 3. Send it again when the connection is back: if it may be stored, until it is known or time is over.
            if (failure.Passing && (mayBeStored || Stopwatch.GetElapsedTime(began) < _options.ReconnectTime))
            {
                await Task.Delay(Server.Pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!stop.IsCancellationRequested) continue;
            }
            if (!mayBeStored) throw failure.ToException(_options, cause);

            // :: 4. It can't be stored now, or time is over. If Redis can still be asked, it says whether it is stored already.
            if (await OutcomeAsync(part, number, seen, results, stop) is not { } stored)
            {
                throw new ItemServiceException(
                    ItemServiceFault.OutcomeUnknown,
                    $"{_options.Name}: {failure.Reason}; whether the commit was stored is not known", cause);
            }
            if (stored) return;
            throw failure.ToException(_options, cause);
        }
    }

    /// <summary>Takes the script's answer; false if nothing was done because a bucket is not what or where it was.</summary>
    private bool Read(BatchPart part, RedisResult[] answer, Sight[] seen, Sight told, CommitResult[] results)
    {
        switch ((string?)answer[0])
        {
            case "moved" or "migrating":
                return false;
            case "done":
                part.Read((string)answer[1]!, (string)answer[2]!, seen, results);
                var commits = answer.Length > 3 ? (long[])answer[3]! : [];
                for (var i = 0; i < commits.Length; i++) part.Buckets[i].Saw(seen[i] with { Commits = commits[i] });
                if (answer.Length > 4) part.Teller.Saw(told with { Told = (long)answer[4] });
                return true;
            default:
                throw new ItemServiceException(
                    ItemServiceFault.OutcomeUnknown, $"{_options.Name}: a later commit of this host came before this one");
        }
    }

    /// <summary>
    /// Whether the commit was stored, in which case its results are read, or will never be; null if that can't be found out now.
    /// </summary>
    private async Task<bool?> OutcomeAsync(BatchPart part, long number, Sight[] seen, CommitResult[] results, CancellationToken stop)
    {
        try
        {
            var answer = await SettleAsync(part.Outcomes, number, stop);
            if ((string?)answer[0] != "done") return false;
            part.Read((string)answer[1]!, (string)answer[2]!, seen, results);
            return true;
        }
        catch (ItemServiceException)
        {
            lock (_inDoubt) _inDoubt.Add((part.Outcomes, number));
            return null;
        }
    }

    private Task<RedisResult[]> SettleAsync(RedisKey outcomes, long number, CancellationToken stop) =>
        server.AskAsync(database => Script.RunAsync(database, Script.Settle, [outcomes], [Host, number]), stop);
}

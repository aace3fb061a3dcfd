using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>Finds out where the buckets stand, and begins new epochs where history was lost.</summary>
internal sealed class Buckets(Server server, Layout layout, ILogger logger) : IDisposable
{
    /// <summary>The version of the layout, in each mark.</summary>
    public const string Format = "1";

    /// <summary>A number of commits that no bucket has, and that Lua's numbers can hold.</summary>
    private const long MoreThanAny = 1L << 52;

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Looks at all buckets, because one of them is not what this host had seen, or none was seen yet.</summary>
    /// <param name="doubted">One of them, and what was seen of it when it was asked something.</param>
    /// <param name="seen">See <paramref name="doubted"/>.</param>
    /// <param name="stop">Ends the attempt.</param>
    /// <exception cref="ItemServiceException">They could not be looked at, or are of another layout.</exception>
    public Task VisitAsync(Bucket doubted, Sight seen, CancellationToken stop) => InTurnAsync(
        async () =>
        {
            if (doubted.Seen.Epoch != seen.Epoch) return; // who was here before saw it too
            var before = layout.All.Select(bucket => bucket.Seen.Epoch).ToArray();
            if (!await VisitAllAsync(layout.All, replace: false, stop) || !server.IsCluster) return;
            await VisitAllAsync([.. layout.All.Where(bucket => bucket.Seen.Epoch == before[bucket.Number])], replace: true, stop);
        },
        stop);

    /// <summary>
    /// Begins new epochs for all buckets that are still in an epoch that this host knows, because their history is not what it was.
    /// </summary>
    /// <exception cref="ItemServiceException">They could not be looked at.</exception>
    public Task ReplaceAsync(CancellationToken stop) => InTurnAsync(() => VisitAllAsync(layout.All, replace: true, stop), stop);

    public void Dispose() => _turn.Dispose();

    private async Task InTurnAsync(Func<Task> work, CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            await work();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Looks at buckets: at all at once or, in a Cluster, where a script sees one slot, at each by itself. Then the replaced history of one
    /// ends the others' epochs in a second visit, which leaves out the buckets that have a new epoch since the first.
    /// </summary>
    /// <returns>Whether this host began new epochs.</returns>
    private async Task<bool> VisitAllAsync(IReadOnlyList<Bucket> buckets, bool replace, CancellationToken stop)
    {
        var groups = server.IsCluster ? buckets.Select(bucket => (IReadOnlyList<Bucket>)[bucket]) : [buckets];
        var found = await server.AskAsync(database => Task.WhenAll(groups.Select(group => VisitAsync(database, group, replace))), stop);
        return Compare([.. found.SelectMany(one => one)]);
    }

    /// <summary>The failure of opening a table of another layout.</summary>
    public static ItemServiceException Foreign(RedisOptions options, string format) => new(
        ItemServiceFault.Unusable,
        $"{options.Name}: table {options.Table} has format {format}, of a newer version of this program: use that version");

    private static async Task<IEnumerable<(Bucket Bucket, Sight Before, Sight After, string NewEpoch, string Format)>> VisitAsync(
        IDatabase database, IReadOnlyList<Bucket> buckets, bool replace)
    {
        var (epoch, before) = (Epoch.New(), buckets.Select(bucket => bucket.Seen).ToArray());
        var values = new List<RedisValue> { epoch, before[0].Told };
        foreach (var sight in before) values.AddRange([sight.Epoch, replace ? MoreThanAny : sight.Commits]);
        var found = await Script.RunAsync(database, Script.Visit, [.. buckets.Select(bucket => bucket.Mark)], [.. values]);
        var (format, epochs, commits) = ((string)found[0]!, (string[])found[1]!, (long[])found[2]!);
        return buckets.Select(
            (bucket, n) => (bucket, before[n], format == Format ? new Sight(epochs[n], commits[n]) : default, epoch, format));
    }

    private bool Compare((Bucket Bucket, Sight Before, Sight After, string NewEpoch, string Format)[] found)
    {
        var (replaced, lost, elsewhere) = (0, 0L, 0);
        foreach (var (bucket, before, after, newEpoch, format) in found)
        {
            if (format != Format) throw Foreign(server.Options, format);
            if (after.Epoch == before.Epoch)
            {
                bucket.Saw(after);
                continue;
            }
            bucket.Restart(after);
            if (before.Epoch.Length == 0) continue;
            if (after.Epoch != newEpoch) elsewhere++;
            else replaced++;
            lost += Math.Max(0, before.Commits - after.Commits);
        }
        if (replaced > 0 && lost > 0) logger.HistoryReplaced(server.Options.Name, server.Options.Table, lost, replaced);
        else if (replaced > 0) logger.HistoryBranched(server.Options.Table, server.Options.Name);
        else if (elsewhere > 0) logger.EpochChanged(server.Options.Table, server.Options.Name);
        return replaced > 0;
    }
}

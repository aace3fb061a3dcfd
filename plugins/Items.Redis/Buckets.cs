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
    public async Task VisitAsync(Bucket doubted, Sight seen, CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            if (doubted.Seen.Epoch != seen.Epoch) return; // who was here before saw it too
            var found = await server.AskAsync(
                database => Task.WhenAll(layout.All.Select(bucket => VisitAsync(database, bucket, bucket.Seen.Commits))), stop);
            Compare(found);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Begins new epochs for all buckets that are still in an epoch that this host knows, because their history is not what it was.
    /// </summary>
    /// <exception cref="ItemServiceException">They could not be looked at.</exception>
    public async Task ReplaceAsync(CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            Compare(
                await server.AskAsync(
                    database => Task.WhenAll(layout.All.Select(bucket => VisitAsync(database, bucket, MoreThanAny))), stop));
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>The failure of opening a table of another layout.</summary>
    public static ItemServiceException Foreign(RedisOptions options, string format) => new(
        ItemServiceFault.Unusable,
        $"{options.Name}: table {options.Table} has format {format}, of a newer version of this program: use that version");

    private static async Task<(Bucket Bucket, Sight Before, Sight After, string NewEpoch, string Format)> VisitAsync(
        IDatabase database, Bucket bucket, long commits)
    {
        var (before, epoch) = (bucket.Seen, Epoch.New());
        var found = await Script.RunAsync(database, Script.Visit, [bucket.Mark], [before.Epoch, commits, epoch]);
        return (bucket, before, new Sight((string)found[0]!, (long)found[1]), epoch, (string)found[2]!);
    }

    private void Compare((Bucket Bucket, Sight Before, Sight After, string NewEpoch, string Format)[] found)
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
        if (replaced > 0) logger.HistoryReplaced(server.Options.Name, server.Options.Table, lost, replaced);
        else if (elsewhere > 0) logger.EpochChanged(server.Options.Table, server.Options.Name);
    }
}

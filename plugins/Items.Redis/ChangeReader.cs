using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>Reads from the collections' streams what was committed after some positions.</summary>
internal sealed class ChangeReader(Server server, Layout layout)
{
    /// <remarks>
    /// One round trip for all, with as many changes as can't be too many bytes; a second one for what is left, as far as it is not. The
    /// oldest change of each collection is read in any case, since none would say that there is none.
    /// </remarks>
    public async Task<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(IReadOnlyList<CollectionPosition> since, CancellationToken stop)
    {
        CollectionChanges[] collections = [.. since.Select(position => new CollectionChanges(position, layout.Of(position.Key)))];
        var most = server.Options.ReadBytes / server.Options.ChangeBytes;
        await ReadAsync(collections, _ => Math.Max(1, most / collections.Length), stop);

        var bytes = collections.Sum(collection => collection.Bytes);
        var rest = new List<CollectionChanges>();
        foreach (var collection in collections)
        {
            if (collection.Commits is null || collection.Left == 0 || bytes + collection.BytesLeft > server.Options.ReadBytes) continue;
            bytes += collection.BytesLeft;
            rest.Add(collection);
        }
        if (rest.Count > 0) await ReadAsync(rest, collection => collection.Left, stop);
        return [.. collections.Select(collection => collection.Commits)];
    }

    private async Task ReadAsync(IReadOnlyList<CollectionChanges> collections, Func<CollectionChanges, int> count, CancellationToken stop)
    {
        Bucket[] buckets = [.. collections.Select(collection => collection.Keys.Bucket).Distinct()];
        Sight[] seen = [.. buckets.Select(bucket => bucket.Seen)];
        var (answers, marks) = await server.AskAsync(database => AskAsync(database, collections, buckets, count), stop);
        for (var i = 0; i < buckets.Length; i++)
        {
            var sight = marks[i].Sight;
            if (sight.Epoch == seen[i].Epoch && sight.Commits < seen[i].Commits)
                marks[i] = default; // an older copy, which gets a new epoch soon
            else buckets[i].Saw(sight);
        }
        for (var i = 0; i < collections.Count; i++)
            collections[i].Add(answers[i], marks[Array.IndexOf(buckets, collections[i].Keys.Bucket)]);
    }

    /// <summary>
    /// Asks all at once. For each collection where it stands before its changes, so that these must reach as far; and the epochs last of
    /// all. One that was known before was there throughout, for none ever comes back.
    /// </summary>
    private static async Task<(ChangesAnswer?[] Answers, Mark[] Marks)> AskAsync(
        IDatabase database, IReadOnlyList<CollectionChanges> collections, Bucket[] buckets, Func<CollectionChanges, int> count)
    {
        var answers = Task.WhenAll([.. collections.Select(collection => AskAsync(database, collection, count(collection)))]);
        var marks = Task.WhenAll([
            .. buckets.Select(bucket => database.HashGetAsync(bucket.Mark, ["epoch", "commits", "forgotten"], CommandFlags.DemandMaster)),
        ]);
        await Task.WhenAll(answers, marks);
        return (
            await answers,
            [.. (await marks).Select(mark => new Mark(new Sight((string?)mark[0] ?? "", Number(mark[1])), Number(mark[2])))]);
    }

    /// <returns>Null where another program's keys are: who loads the collection is told so.</returns>
    private static async Task<ChangesAnswer?> AskAsync(IDatabase database, CollectionChanges collection, int count)
    {
        var meta = database.HashGetAsync(collection.Keys.Meta, ["revision", "written"], CommandFlags.DemandMaster);
        var entries = database.StreamRangeAsync(
            collection.Keys.Changes, $"{collection.Last + 1}-0", count: count, flags: CommandFlags.DemandMaster);
        try
        {
            await Task.WhenAll(meta, entries);
        }
        catch (RedisServerException e) when (Failure.TryTell(e, out var failure) && failure.Fault == ItemServiceFault.Unusable)
        {
            return null;
        }
        var standing = await meta;
        return new ChangesAnswer(standing[0].IsNull ? null : Number(standing[0]), Number(standing[1]), await entries, count);
    }

    private static long Number(RedisValue value) => value.IsNull ? 0 : (long)value;
}

using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>Reads collections, and which there are.</summary>
internal sealed class CollectionReader(Server server, Layout layout, Buckets buckets, ILogger logger)
{
    /// <summary>How many names of a bucket are read at a time.</summary>
    private const int ListPage = 256;

    /// <summary>Reads a collection at one revision.</summary>
    /// <remarks>
    /// By commands that are sent together, and again if something was committed between them, which is rare: Redis does what is in a
    /// connection's buffer before it turns to others. Not by a transaction, which a server whose memory is full refuses; not by a script,
    /// which would copy each item once more.
    /// </remarks>
    public async Task<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        var keys = layout.Of(key);
        while (true)
        {
            var seen = keys.Bucket.Seen;
            var read = await server.AskAsync(database => ReadAsync(database, keys), stop);
            if (!read.Whole) continue;
            if (read.Epoch == seen.Epoch && read.Commits >= seen.Commits)
            {
                keys.Bucket.Saw(new Sight(seen.Epoch, read.Commits));
                return Collection(key, new Position(seen.Epoch, read.Revision), read);
            }
            await buckets.VisitAsync(keys.Bucket, seen, stop);
        }
    }

    /// <summary>Names the collections that have items.</summary>
    /// <param name="app">Only those of this app; null for all.</param>
    /// <param name="stop">Ends the enumeration.</param>
    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        // The first page of all buckets at once: there is seldom a second.
        var pages = await server.AskAsync(
            database => Task.WhenAll(layout.All.Select(bucket => PageAsync(database, bucket.Index, app, after: null))), stop);
        for (var number = 0; number < pages.Length; number++)
        {
            var page = pages[number];
            while (true)
            {
                foreach (var name in page)
                {
                    if (Layout.Parse(name!) is { } key) yield return key;
                }
                if (page.Length < ListPage) break;
                var (bucket, last) = (layout.All[number], page[^1]);
                page = await server.AskAsync(database => PageAsync(database, bucket.Index, app, last), stop);
            }
        }
    }

    /// <summary>Names the collections that have a history and no items.</summary>
    public async IAsyncEnumerable<CollectionPosition> ListEmptiedAsync([EnumeratorCancellation] CancellationToken stop)
    {
        foreach (var bucket in layout.All)
        {
            RedisValue? last = null;
            while (true)
            {
                var after = last;
                var (epoch, page) = await server.AskAsync(database => EmptiedAsync(database, bucket, after), stop);
                foreach (var (name, revision) in page)
                {
                    if (!revision.IsNull && Layout.Parse(name!) is { } key)
                        yield return new CollectionPosition(key, new Position(epoch, (long)revision));
                }
                if (page.Count < ListPage) break;
                last = page[^1].Name;
            }
        }
    }

    /// <summary>
    /// Reads a page of emptied collections. Their epoch comes first: if it ends meanwhile, no collection stands at what is answered.
    /// </summary>
    private static async Task<(string Epoch, IReadOnlyList<(RedisValue Name, RedisValue Revision)> Page)> EmptiedAsync(
        IDatabase database, Bucket bucket, RedisValue? after)
    {
        var mark = database.HashGetAsync(bucket.Mark, "epoch", CommandFlags.DemandMaster);
        var names = await PageAsync(database, bucket.Emptied, null, after);
        var revisions = await Task.WhenAll(
            names.Select(name => database.HashGetAsync(Layout.Meta(bucket, name!), "revision", CommandFlags.DemandMaster)));
        return ((string?)await mark ?? "", [.. names.Zip(revisions)]);
    }

    private static Task<RedisValue[]> PageAsync(IDatabase database, RedisKey set, string? app, RedisValue? after)
    {
        // Names are app/collection, and 0 comes after the slash.
        var (from, to) = app is null ? ("", RedisValue.Null) : (Layout.Start(app), (RedisValue)$"{Layout.Start(app)[..^1]}0");
        return database.SortedSetRangeByValueAsync(
            set, after ?? from, to, after is null ? Exclude.Stop : Exclude.Both, Order.Ascending, 0, ListPage, CommandFlags.DemandMaster);
    }

    /// <summary>Asks all at once, and where it stands before and after.</summary>
    private static async Task<Answer> ReadAsync(IDatabase database, CollectionKeys keys)
    {
        const CommandFlags Flags = CommandFlags.DemandMaster;
        RedisValue[] fields = ["epoch", "commits", "forgotten"];
        var mark = database.HashGetAsync(keys.Bucket.Mark, fields, Flags);
        var before = database.HashGetAsync(keys.Meta, ["revision", "history"], Flags);
        var items = database.HashGetAllAsync(keys.Items, Flags);
        var removals = database.SortedSetRangeByRankWithScoresAsync(keys.Removals, flags: Flags);
        var after = database.HashGetAsync(keys.Meta, ["revision", "history"], Flags);
        var markAfter = database.HashGetAsync(keys.Bucket.Mark, fields, Flags);
        await Task.WhenAll(mark, before, items, removals, after, markAfter);
        var (at, standing, atAfter, standingAfter) = (await mark, await before, await markAfter, await after);

        // Without a history it stands where the last of those was that were forgotten, if none was forgotten meanwhile.
        var isKnown = !standing[0].IsNull;
        return new Answer(
            (string?)at[0] ?? "", Number(at[1]), Number(isKnown ? standing[0] : at[2]), Number(isKnown ? standing[1] : at[2]),
            await items, await removals)
        {
            Whole = standing[0] == standingAfter[0] && at[0] == atAfter[0] && (isKnown || at[2] == atAfter[2]),
        };

        static long Number(RedisValue value) => value.IsNull ? 0 : (long)value;
    }

    private StoredCollection Collection(CollectionKey key, Position position, Answer read)
    {
        var items = new List<StoredItem>(read.Items.Length);
        var leftOut = 0;
        foreach (var field in read.Items)
        {
            if (TryRead(field, position.Revision, out var item)) items.Add(item);
            else leftOut++;
        }
        if (leftOut > 0) logger.FieldsLeftOut(leftOut, key.App, key.Collection, server.Options.Table);
        return new StoredCollection(position, items)
        {
            Tombstones = [.. read.Removals.Select(removal => new Tombstone((string)removal.Element!, (long)removal.Score))],
            HistoryStart = read.History,
        };
    }

    /// <summary>Reads <c>17 {"id":"a"}</c>: the revision and the item.</summary>
    private static bool TryRead(HashEntry field, long newest, out StoredItem item)
    {
        item = default;
        ReadOnlyMemory<byte> id = field.Name, value = field.Value;
        if (id.Length == 0 || !Utf8.IsValid(id.Span)) return false;
        if (!Utf8Parser.TryParse(value.Span, out long revision, out var digits) || digits >= value.Length || value.Span[digits] != ' ')
            return false;
        item = new StoredItem(Encoding.UTF8.GetString(id.Span), value[(digits + 1)..], Math.Clamp(revision, Math.Min(1, newest), newest));
        return true;
    }

    /// <summary>What was read.</summary>
    private sealed record Answer(string Epoch, long Commits, long Revision, long History, HashEntry[] Items, SortedSetEntry[] Removals)
    {
        /// <summary>Whether all is of one revision.</summary>
        public required bool Whole { get; init; }
    }
}

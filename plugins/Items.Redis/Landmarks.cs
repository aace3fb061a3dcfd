using System.Globalization;
using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>
/// The last message that this host has heard of each teller. A storage without one of these commits went back in time, whatever other
/// hosts have committed to it since.
/// </summary>
/// <remarks>
/// A watch compares numbers and tokens while it runs. If the connection is lost with the server, the watch ends first, and the next one
/// begins to count anew. The landmarks outlive the watch: a collection's stream has one entry for each revision, whose id contains the
/// token of the commit. An entry that was dropped or has expired shows nothing.
/// </remarks>
internal sealed class Landmarks(Server server, Layout layout)
{
    /// <summary>By the number of the teller. The thread of the channel writes, the one of the watch reads: each entry is
    /// immutable.</summary>
    private readonly Announcement?[] _last = new Announcement?[Layout.Buckets];

    public void Saw(Announcement message) => Volatile.Write(ref _last[message.Teller], message);

    /// <summary>Whether Redis lacks a commit that this host has heard of, although the bucket is in the same epoch.</summary>
    /// <exception cref="ItemServiceException">Redis cannot be asked.</exception>
    public async Task<bool> AreMissingAsync(CancellationToken stop)
    {
        var known = new List<(CollectionPosition Collection, long Token)>();
        for (var teller = 0; teller < _last.Length; teller++)
        {
            if (Volatile.Read(ref _last[teller]) is { } message
                && message.Changes().FirstOrDefault() is { Collection.Key.App: not null } change)
                known.Add((change.Collection, message.Token));
        }
        if (known.Count == 0) return false;
        var missing = await server.AskAsync(
            database => Task.WhenAll(known.Select(one => IsMissingAsync(database, one.Collection, one.Token))), stop);
        return missing.Contains(true);
    }

    /// <remarks>
    /// The mark is read last. So an epoch that is unchanged was valid throughout, and a collection that was forgotten before its revision
    /// was read is in <c>forgotten</c>.
    /// </remarks>
    private async Task<bool> IsMissingAsync(IDatabase database, CollectionPosition known, long token)
    {
        const CommandFlags Flags = CommandFlags.DemandMaster;
        var (keys, number) = (layout.Of(known.Key), known.Position.Revision);
        var revision = database.HashGetAsync(keys.Meta, "revision", Flags);
        var entries = database.StreamRangeAsync(keys.Changes, $"{number}-0", $"{number}-{long.MaxValue}", 1, flags: Flags);
        var mark = database.HashGetAsync(keys.Bucket.Mark, ["epoch", "forgotten"], Flags);
        try
        {
            await Task.WhenAll(revision, entries, mark);
        }
        catch (RedisServerException e) when (Failure.TryTell(e, out var failure) && failure.Fault == ItemServiceFault.Unusable)
        {
            return false; // another program's keys: each load of the collection reports them
        }
        var (epoch, forgotten) = ((string?)(await mark)[0], (await mark)[1]);
        if (epoch != known.Position.Epoch) return false;
        var reached = await revision;
        if (Number(reached.IsNull ? forgotten : reached) < number) return true;
        var id = string.Create(CultureInfo.InvariantCulture, $"{number}-{token}");
        return (await entries) is [var entry] && (string?)entry.Id != id;

        static long Number(RedisValue value) => value.IsNull ? 0 : (long)value;
    }
}

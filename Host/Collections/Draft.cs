using System.Text;
using SharedState.Host.Contents;
using SharedState.Host.Json;

namespace SharedState.Host.Collections;

/// <summary>
/// The state of a collection in the middle of the batch that is being built: the collection in memory plus the updates of the batch so far.
/// Turns updates with terms into plain updates that expect exactly this state, so that storage knows nothing of conditions, patches and
/// counters. If another host commits in between, storage skips the update, and the host resolves it again on the newer state.
/// </summary>
/// <remarks>
/// An update that fails here is still committed, as an update that does nothing at the expected position. Only if storage confirms the
/// position was the failure based on the stored state, rather than on an earlier update of the batch that may still fail.
/// </remarks>
internal sealed class Draft
{
    // An increment reads its whole item, so a request with many increments of a large item would keep the service busy. So much takes
    // about as long as 100,000 inserts.
    private const long MostBytesRead = 32 << 20;

    private readonly ItemLog _log;
    private readonly int _itemBytes;
    private readonly Dictionary<string, DraftItem> _changed = new(StringComparer.Ordinal); // by the batch so far
    private bool _reset;        // what is in the log counts no more
    private int _count;
    private long _historyStart;

    /// <param name="log">The collection in memory.</param>
    /// <param name="itemBytes">The maximum size of an item in bytes.</param>
    public Draft(ItemLog log, int itemBytes)
    {
        (_log, _itemBytes) = (log, itemBytes);
        (Position, _count, _historyStart) = (log.Position, log.Count, log.HistoryStart);
    }

    /// <summary>The position of the collection after the batch so far.</summary>
    public Position Position { get; private set; }

    /// <summary>Adds the next update of the batch.</summary>
    public void Add(ItemUpdate update)
    {
        var effective = update.Insert.Count > 0 || (update.Reset ? _count > 0 : update.Remove.Any(id => Find(id).Exists));
        if (!effective) return;
        var revision = Position.Revision + 1;
        Position = Position with { Revision = revision };
        if (update.Reset)
        {
            _changed.Clear();
            (_reset, _count, _historyStart) = (true, 0, revision);
        }
        foreach (var id in update.Remove)
        {
            if (!Find(id).Exists) continue;
            _changed[id] = new(null, revision);
            _count--;
        }
        foreach (var item in update.Insert)
        {
            if (!Find(item.Id).Exists) _count++;
            _changed[item.Id] = new(item.Json, revision);
        }
    }

    /// <summary>Turns an update with terms into a plain one, and adds it. Returns the bytes of items that were read and made.</summary>
    public long Resolve(PendingUpdate pending)
    {
        var (asked, terms, rights) = (pending.Asked, pending.Terms ?? UpdateTerms.None, pending.Rights);
        Error? error = null;
        var bytes = 0L;
        var failed = Failed(asked, terms, rights, ref error, ref bytes);
        var update = rights is not null ? Judge(pending, terms, rights, ref failed, ref error, ref bytes)
            : failed is not null || error is not null ? null
            : terms.Decision is { } decide ? Decide(decide, ref bytes)
            : Edit(pending, terms, [], ref error, ref bytes);
        pending.Resolve(update ?? Nothing(asked.Key), failed, error);
        Add(pending.Update);
        return bytes;
    }

    /// <summary>Lets an update do nothing but confirm the position, and then be refused.</summary>
    public void Refuse(PendingUpdate pending, Error error) => pending.Resolve(Nothing(pending.Asked.Key), error: error);

    private ItemUpdate Nothing(CollectionKey key) => new() { Key = key, Expected = Position };

    /// <summary>The update that comes of it if its client may write that; null if nothing is done. A refusal comes before any failure that
    /// depends on the content of items.</summary>
    private ItemUpdate? Judge(
        PendingUpdate pending, UpdateTerms terms, WriteRights rights, ref List<string>? failed, ref Error? error, ref long bytes)
    {
        var judgement = new Judgement(rights, id => Find(id).Json);
        var untouched = new List<string>();
        Error? wrong = null;
        var update = Edit(pending, terms, untouched, ref wrong, ref bytes);
        if (update is null) judgement.Foresee(pending.Asked, terms.Edited);
        else update = judgement.Judge(update, untouched, All());
        bytes += judgement.Bytes;
        if (judgement.Refusal is { } refusal) (error, failed) = (refusal, null);
        else if (failed is null) error ??= wrong ?? Check(update!, rights);
        return failed is null && error is null ? update : null;
    }

    /// <summary>The first mistake in the items to insert, or null.</summary>
    private Error? Check(ItemUpdate update, WriteRights rights)
    {
        foreach (var item in update.Insert)
        {
            var (id, json) = (item.Id, item.Json);
            if (WhiteSpaceMark.Strip(json).Length > _itemBytes)
            {
                return Error.TooLarge(
                    $"an item has at most {_itemBytes} bytes; \"{id}\" would have {json.Length} with the fields that a rule sets");
            }
            if (rights.Check?.Invoke(json) is not { } mistake) continue;
            // What a patch leaves of an item that the client may not see is not told.
            var hidden = Find(id).Json is { } before && !rights.Read.Sees(before);
            return Error.BadRequest($"the item \"{id}\" does not satisfy its schema{(hidden ? "" : $": {mistake}")}");
        }
        return null;
    }

    private IEnumerable<ReadOnlyMemory<byte>> All()
    {
        foreach (var changed in _changed.Values)
        {
            if (changed.Json is { } json) yield return json;
        }
        if (_reset) yield break;
        foreach (var entry in _log.All)
        {
            if (!entry.Removed && !_changed.ContainsKey(entry.Id)) yield return entry.Json;
        }
    }

    /// <summary>The ids for which the precondition does not hold; null if it holds, or with an error.</summary>
    private List<string>? Failed(ItemUpdate asked, UpdateTerms terms, WriteRights? rights, ref Error? error, ref long bytes)
    {
        if (terms.If is not { } condition) return null;
        List<string>? failed = null;
        foreach (var id in condition.Absent)
        {
            if (Seen(id, rights).Exists) (failed ??= []).Add(id);
        }
        foreach (var id in condition.Present)
        {
            if (!Seen(id, rights).Exists) (failed ??= []).Add(id);
        }
        foreach (var (id, match) in condition.Matches)
        {
            var item = Seen(id, rights).Json;
            bytes += (item?.Length ?? 0) * (long)match.Cost;
            if (bytes > MostBytesRead)
            {
                error = Error.Limit("if.match: the conditions are too expensive for items of this size; send several requests");
                return null;
            }
            if (item is null || !match.Matches(item.Value)) (failed ??= []).Add(id);
        }
        var holds = failed is null;
        if (condition.Since is { } since) holds &= IsUnchanged(since, asked, terms, rights, ref failed);
        return holds ? null : [.. (failed ?? []).Distinct(StringComparer.Ordinal).Take(PendingUpdate.MostConflicts)];
    }

    private bool IsUnchanged(Position since, ItemUpdate asked, UpdateTerms terms, WriteRights? rights, ref List<string>? failed)
    {
        // Changes before the start of the history, or in another history, are unknown.
        var sameEpoch = since.Epoch == Position.Epoch || (rights is not null && since.Epoch == Position.Epoch + rights.Tag);
        var known = sameEpoch && since.Revision >= _historyStart && since.Revision <= Position.Revision;
        var before = failed?.Count ?? 0;
        foreach (var id in asked.Remove) Check(id, ref failed);
        foreach (var item in asked.Insert) Check(item.Id, ref failed);
        foreach (var id in terms.Edited) Check(id, ref failed);
        foreach (var id in terms.If!.Ids) Check(id, ref failed);
        if (asked.Reset && known)
        {
            var changed = ChangedAfter(since.Revision).Where(id => rights?.Hides != true || Seen(id, rights).Exists);
            foreach (var id in changed.Take(PendingUpdate.MostConflicts)) Check(id, ref failed);
        }
        return known && (failed?.Count ?? 0) == before && (!asked.Reset || since.Revision == Position.Revision);

        void Check(string id, ref List<string>? failed)
        {
            if (!known || Seen(id, rights).Revision > since.Revision) (failed ??= []).Add(id);
        }
    }

    private IEnumerable<string> ChangedAfter(long revision)
    {
        foreach (var id in _changed.Keys) yield return id;
        if (_reset) yield break;
        foreach (var entry in _log.Since(revision)) yield return entry.Id;
    }

    private ItemUpdate Decide(Decision decide, ref long bytes)
    {
        var update = decide(id => Find(id).Json);
        bytes += update.Insert.Sum(item => (long)item.Json.Length);
        return new() { Key = update.Key, Remove = update.Remove, Insert = update.Insert, Expected = Position };
    }

    /// <summary>The removals and inserts that patches and increments come to; null with an error, in which case nothing is done.</summary>
    /// <param name="pending">The update.</param>
    /// <param name="terms">The patches and increments.</param>
    /// <param name="untouched">Gets the ids of items that a patch or an increment does not change.</param>
    /// <param name="error">Gets the reason why nothing is done.</param>
    /// <param name="bytes">The bytes that were read and made.</param>
    private ItemUpdate? Edit(PendingUpdate pending, UpdateTerms terms, List<string> untouched, ref Error? error, ref long bytes)
    {
        var asked = pending.Asked;
        if (terms.Patches.Count + terms.Increments.Count == 0)
            return new() { Key = asked.Key, Reset = asked.Reset, Remove = asked.Remove, Insert = asked.Insert, Expected = Position };
        var inserted = new Dictionary<string, int>(StringComparer.Ordinal);
        var insert = new List<Item>(asked.Insert);
        for (var index = 0; index < insert.Count; index++) inserted.Add(insert[index].Id, index);
        var removed = new HashSet<string>(asked.Remove, StringComparer.Ordinal);

        for (var index = 0; index < terms.Patches.Count; index++)
        {
            var (id, patch) = terms.Patches[index];
            if (!TryRead(id, "patch", index, out var item, ref error, ref bytes)) return null;
            var merged = item is null ? MergePatch.Create(patch) : MergePatch.Apply(item.Value, patch);
            if (merged is null) untouched.Add(id);
            if (!TryPut(id, item, merged, "patch", index, ref error, ref bytes)) return null;
        }
        for (var index = 0; index < terms.Increments.Count; index++)
        {
            var (id, path, by) = terms.Increments[index];
            if (!TryRead(id, "inc", index, out var item, ref error, ref bytes)) return null;
            var before = item ?? Encoding.UTF8.GetBytes($"{{\"id\":{JsonText.Quote(id)}}}");
            var sum = Increment.Apply(WhiteSpaceMark.Strip(before).Span, path, by.Span, out var wrong);
            if (wrong is not null)
            {
                error = Error.BadRequest($"inc[{index}].path: {wrong}");
                return null;
            }
            if (sum is null) untouched.Add(id);
            if (!TryPut(id, item, sum, "inc", index, ref error, ref bytes)) return null;
        }
        return new()
        {
            Key = asked.Key,
            Reset = asked.Reset,
            Remove = removed.Count == asked.Remove.Count ? asked.Remove : [.. removed],
            Insert = insert,
            Expected = Position,
        };

        bool TryRead(string id, string list, int index, out ReadOnlyMemory<byte>? item, ref Error? error, ref long bytes)
        {
            item = inserted.TryGetValue(id, out var at) ? insert[at].Json
                : asked.Reset || removed.Contains(id) ? null
                : Find(id).Json;
            bytes += item?.Length ?? 0;
            if (bytes > MostBytesRead)
                error = Error.Limit($"{list}[{index}]: an update's patches and increments read at most {MostBytesRead >> 20} MiB of items");
            return error is null;
        }

        // The lifetime of an item stays, unless the update gives another one.
        bool TryPut(
            string id, ReadOnlyMemory<byte>? before, byte[]? edited, string list, int index, ref Error? error, ref long bytes)
        {
            var held = before is { } item ? WhiteSpaceMark.Read(item.Span) : null;
            if (edited is null && pending.Grant?.Covers(id, held) != false) return true;
            ReadOnlyMemory<byte> json = edited ?? WhiteSpaceMark.Strip(before!.Value);
            bytes += json.Length;
            if (json.Length > _itemBytes)
                error = Error.TooLarge($"{list}[{index}]: an item has at most {_itemBytes} bytes; this one would have {json.Length}");
            if (error is not null) return false;
            if ((pending.Grant?.Token ?? held) is { } token) json = WhiteSpaceMark.Append(json.Span, token);
            removed.Remove(id);
            if (inserted.TryAdd(id, insert.Count)) insert.Add(new(id, json));
            else insert[inserted[id]] = new(id, json);
            return true;
        }
    }

    /// <summary>The item as the client may know of it. A hidden item is as one that never was; nobody knows any more whether a removed item
    /// was hidden. So all absent items may have changed until now.</summary>
    private DraftItem Seen(string id, WriteRights? rights)
    {
        var item = Find(id);
        if (rights?.Hides != true) return item;
        return item.Json is { } json && rights.Read.Sees(json) ? item : new(null, Position.Revision);
    }

    private DraftItem Find(string id)
    {
        if (_changed.TryGetValue(id, out var changed)) return changed;
        if (_reset || _log.FindChange(id) is not { } entry) return new(null, 0);
        // Not a plain conditional expression: its null would be an array, which becomes an empty item.
        return new(entry.Removed ? (ReadOnlyMemory<byte>?)null : entry.Json, entry.Revision);
    }

    private readonly record struct DraftItem(ReadOnlyMemory<byte>? Json, long Revision)
    {
        public bool Exists => Json is not null;
    }
}

using SharedState.Host.Json;

namespace SharedState.Host.Collections;

/// <summary>Judges an update as a whole by the rights of its client, on the state that the update is applied to.</summary>
/// <param name="rights">The rights.</param>
/// <param name="find">The item of an id before the update, or null.</param>
internal sealed class Judgement(WriteRights rights, Func<string, ReadOnlyMemory<byte>?> find)
{
    /// <summary>The bytes of the items that were read and made.</summary>
    public long Bytes { get; private set; }

    /// <summary>Why the update is refused; null if it is not.</summary>
    public Error? Refusal { get; private set; }

    /// <summary>Judges an update.</summary>
    /// <param name="update">The removals and inserts.</param>
    /// <param name="untouched">The ids of items that the client wrote without a change.</param>
    /// <param name="all">All items before the update.</param>
    /// <returns>The update to store: with overwritten fields, and without removals of items that the client may neither read nor
    /// remove.</returns>
    public ItemUpdate Judge(ItemUpdate update, IEnumerable<string> untouched, IEnumerable<ReadOnlyMemory<byte>> all)
    {
        if (rights.Grants.Count == 0) Refusal = Error.Forbidden;
        if (Refusal is not null) return update;
        if (update.Reset) return JudgeReset(update, all);
        var insert = new List<Item>(update.Insert.Count);
        foreach (var item in update.Insert)
        {
            if (Written(item.Id, find(item.Id), item.Json) is not { } json) return update;
            insert.Add(new(item.Id, json));
        }
        foreach (var id in untouched)
        {
            if (insert.Exists(item => item.Id == id) || find(id) is not { } before) continue;
            if (Written(id, before, before) is not { } json) return update;
            if (!json.Span.SequenceEqual(before.Span)) insert.Add(new(id, json));
        }
        var remove = update.Remove.Where(id => find(id) is { } item && MayRemove(id, item)).ToArray();
        return new() { Key = update.Key, Remove = remove, Insert = insert, Expected = update.Expected };
    }

    /// <summary>Judges an update that fails because of the content of an item, as far as that is possible: the failure must tell nothing
    /// about items that the client may not write.</summary>
    /// <param name="update">The removals and inserts.</param>
    /// <param name="edited">The ids of patches and increments.</param>
    public void Foresee(ItemUpdate update, IEnumerable<string> edited)
    {
        Judge(new() { Key = update.Key, Remove = update.Remove, Insert = update.Insert }, [], []);
        foreach (var id in edited)
        {
            if (Refusal is not null) return;
            var before = find(id);
            var may = rights.Grants.Any(grant => before is { } item ? grant.Update?.Matches(item) == true : grant.Insert is not null);
            if (!may || IsTaken(before)) Refusal = RefusalOf(before is null ? "insert" : "update", id, before);
        }
    }

    private ItemUpdate JudgeReset(ItemUpdate update, IEnumerable<ReadOnlyMemory<byte>> all)
    {
        var insert = new List<Item>(update.Insert.Count);
        if (rights.Grants.FirstOrDefault(grant => grant.Reset) is { } reset)
            return With([.. update.Insert.Select(item => new Item(item.Id, Overwritten(reset, item.Json)))]);
        var removes = rights.Grants.Any(grant => grant.Remove is { } remove && all.All(remove.Matches));
        if (!rights.Grants.Any(grant => grant.Insert is not null) || !removes)
        {
            Refusal = Error.ForbiddenReset;
            return update;
        }
        foreach (var item in update.Insert)
        {
            if (Written(item.Id, null, item.Json) is not { } json) return update;
            insert.Add(new(item.Id, json));
        }
        return With(insert);

        ItemUpdate With(IReadOnlyList<Item> items) => new() { Key = update.Key, Reset = true, Insert = items, Expected = update.Expected };
    }

    /// <summary>The item as the first rule that allows it has it; null, with the refusal, if none does.</summary>
    private ReadOnlyMemory<byte>? Written(string id, ReadOnlyMemory<byte>? before, ReadOnlyMemory<byte> after)
    {
        Bytes += after.Length + (before?.Length ?? 0);
        foreach (var grant in IsTaken(before) ? [] : rights.Grants)
        {
            var json = Overwritten(grant, after);
            var allows = before is { } item
                ? grant.Update is { } update && update.Matches(item) && update.Matches(json)
                : grant.Insert?.Matches(json) == true;
            if (allows) return json;
        }
        Refusal ??= RefusalOf(before is null ? "insert" : "update", id, before ?? after);
        return null;
    }

    /// <summary>An item with the fields that a rule sets. Its lifetime stays.</summary>
    private static ReadOnlyMemory<byte> Overwritten(WriteGrant grant, ReadOnlyMemory<byte> item)
    {
        if (grant.Set is not { } set) return item;
        var json = set.Apply(item);
        return WhiteSpaceMark.Read(item.Span) is { } token ? WhiteSpaceMark.Append(json, token) : json;
    }

    private bool MayRemove(string id, ReadOnlyMemory<byte> item)
    {
        Bytes += item.Length;
        if (rights.Removes(item)) return true;
        if (rights.Read.Sees(item)) Refusal ??= Error.ForbiddenItem("remove", id);
        return false;
    }

    /// <summary>Whether an id is taken by an item that a reader may not know of.</summary>
    private bool IsTaken(ReadOnlyMemory<byte>? before) =>
        before is { } item && rights.Read is { Reads: true, Visible: not null } && !rights.Read.Sees(item);

    private Error RefusalOf(string verb, string id, ReadOnlyMemory<byte>? item) =>
        item is { } json && rights.Read.Sees(json) ? Error.ForbiddenItem(verb, id) : Error.Forbidden;
}

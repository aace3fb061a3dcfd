namespace SharedState.Items.MySql;

/// <summary>
/// One collection within a transaction: what of it the updates need to know, and what they leave of it. The updates are applied here, one
/// after the other; then each item that they touched is written once, as the last of them left it.
/// </summary>
internal sealed class CollectionDraft(CollectionKey key)
{
    /// <summary>The ids that the updates name, in order; the database is asked which of them are there.</summary>
    private readonly SortedSet<string> _named = new(StringComparer.Ordinal);
    private readonly HashSet<string> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (ReadOnlyMemory<byte> Json, long Revision)> _inserted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _removed = new(StringComparer.Ordinal);

    private readonly List<(long Revision, ItemUpdate? Update)> _commits = [];

    public CollectionKey Key { get; } = key;

    public string App { get; } = StoredName.Of(key.App, StoredName.NameLimit);

    public string Collection { get; } = StoredName.Of(key.Collection, StoredName.NameLimit);

    public IReadOnlyCollection<string> Named => _named;

    /// <summary>Whether all items have to be counted: they may all go, or may not be those that the row tells of.</summary>
    public bool MustCount { get; set; }

    /// <summary>The collection's row, locked; null while it is not known, or not there.</summary>
    public CollectionRow? Row { get; set; }

    /// <summary>Whether another program wrote one of the named items.</summary>
    public bool TouchSeen { get; private set; }

    /// <summary>What was counted, if it was.</summary>
    public (long Items, long Touched)? Counted { get; set; }

    /// <summary>Whether anything is to be written.</summary>
    public bool Dirty { get; private set; }

    /// <summary>Whether the items that are there, and the removals, go first.</summary>
    public bool Cleared { get; private set; }

    /// <summary>Whether what another program wrote is taken over.</summary>
    public bool Adopted { get; private set; }

    /// <summary>Whether removals that are remembered go first.</summary>
    public bool ForgetsRemovals { get; private set; }

    public IReadOnlyDictionary<string, (ReadOnlyMemory<byte> Json, long Revision)> Inserted => _inserted;

    /// <summary>What was removed, and at which revision; some of it was never stored.</summary>
    public IReadOnlyDictionary<string, long> Removed => _removed;

    /// <summary>The revisions that are to be told to other hosts, and what led to each; null for what another program did.</summary>
    public IReadOnlyList<(long Revision, ItemUpdate? Update)> Commits => _commits;

    public void Name(ItemUpdate update)
    {
        MustCount |= update.Reset;
        for (var i = 0; i < update.Remove.Count; i++) _named.Add(update.Remove[i]);
        for (var i = 0; i < update.Insert.Count; i++) _named.Add(update.Insert[i].Id);
    }

    /// <summary>Forgets what was read, to read it anew.</summary>
    public void Restart()
    {
        _stored.Clear();
        (Row, Counted, TouchSeen) = (null, null, false);
    }

    /// <summary>Notes an id, as it stands in the table.</summary>
    public void Found(string stored, bool touched)
    {
        _stored.Add(stored);
        TouchSeen |= touched;
    }

    public bool IsStored(string id) => _stored.Contains(StoredName.Of(id, StoredName.IdLimit));

    /// <summary>If another program changed the collection: makes what it left the beginning of a new epoch.</summary>
    public bool TryAdopt()
    {
        var row = Row!;
        if (Counted is not { } counted || (counted.Touched == 0 && counted.Items == row.Items)) return false;
        row.Epoch = Epoch.New();
        row.EpochStart = row.HistoryStart = ++row.Revision;
        row.Items = counted.Items;
        row.Removals = 0;
        _commits.Add((row.Revision, null));
        return Dirty = Adopted = ForgetsRemovals = true;
    }

    public CommitStatus Apply(ItemUpdate update)
    {
        var row = Row!;
        if (update.Expected is { } expected && expected != row.Position) return CommitStatus.Conflict;

        var revision = row.Revision + 1;
        var effective = update.Insert.Count > 0;
        if (update.Reset)
        {
            effective |= row.Items > 0;
            if (!effective) return CommitStatus.Unchanged;
            Cleared = ForgetsRemovals = true;
            _inserted.Clear();
            _removed.Clear();
            row.Items = row.Removals = 0;
            row.HistoryStart = revision;
        }

        var removed = new List<string>(update.Remove.Count);
        for (var i = 0; i < update.Remove.Count; i++)
        {
            var id = update.Remove[i];
            if (!IsThere(id)) continue;
            effective = true;
            removed.Add(id);
            _inserted.Remove(id);
            _removed.Add(id, revision);
            row.Items--;
            row.Removals++;
        }

        for (var i = 0; i < update.Insert.Count; i++)
        {
            var item = update.Insert[i];
            if (!IsThere(item.Id)) row.Items++;
            _removed.Remove(item.Id);
            _inserted[item.Id] = (item.Json, revision);
        }

        if (!effective) return CommitStatus.Unchanged;
        row.Revision = revision;
        _commits.Add((revision, new ItemUpdate { Key = Key, Reset = update.Reset, Remove = removed, Insert = update.Insert }));
        Dirty = true;
        return CommitStatus.Committed;
    }

    private bool IsThere(string id) => _inserted.ContainsKey(id) || (!Cleared && !_removed.ContainsKey(id) && IsStored(id));
}

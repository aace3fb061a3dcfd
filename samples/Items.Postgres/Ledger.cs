using SharedState;

namespace Items.Postgres;

/// <summary>
/// A collection during a batch: where it stands, and what the batch did to it so far. Nobody else changes it meanwhile: its row is locked.
/// </summary>
internal sealed class Ledger(long id, long revision, long items)
{
    // The ids that the batch names, as far as they are known to be there or were changed by the batch.
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly long _start = revision;
    private long _items = items;

    /// <summary>The collection's key in the database.</summary>
    public long Id => id;

    public long Revision { get; private set; } = revision;

    /// <summary>How many items it has now.</summary>
    public long Items => _items;

    /// <summary>The revision of the last reset within the batch: what was before is gone. Null if there was none.</summary>
    public long? ResetAt { get; private set; }

    /// <summary>Whether the batch had an effect.</summary>
    public bool IsChanged => Revision != _start;

    /// <summary>What became of the ids that the batch had an effect on.</summary>
    public IEnumerable<KeyValuePair<string, Entry>> Changes => _entries.Where(e => e.Value.Revision != 0);

    /// <summary>Says that an id which the batch names is there.</summary>
    public void Found(string itemId) => _entries[itemId] = new Entry(true, default, 0);

    /// <summary>Applies an update if it expects what is there. What was removed, where it had an effect.</summary>
    public CommitStatus Apply(ItemUpdate update, string epoch, out IReadOnlyList<string> removed)
    {
        removed = [];
        if (update.Expected is { } expected && expected != new Position(epoch, Revision))
        {
            return CommitStatus.Conflict;
        }

        removed = [.. update.Remove.Where(Has)];
        if (update.Insert.Count == 0 && removed.Count == 0 && !(update.Reset && _items > 0))
        {
            return CommitStatus.Unchanged;
        }

        Revision++;
        if (update.Reset)
        {
            ResetAt = Revision;
            _items = 0;
            _entries.Clear();
        }

        foreach (var itemId in removed)
        {
            _items--;
            _entries[itemId] = new Entry(false, default, Revision);
        }

        foreach (var item in update.Insert)
        {
            _items += Has(item.Id) ? 0 : 1;
            _entries[item.Id] = new Entry(true, item.Json, Revision);
        }

        return CommitStatus.Committed;
    }

    private bool Has(string itemId) => _entries.TryGetValue(itemId, out var entry) && entry.IsThere;

    /// <summary>An id: whether its item is there, and where the batch changed that, with what and at which revision (else 0).</summary>
    public readonly record struct Entry(bool IsThere, ReadOnlyMemory<byte> Json, long Revision);
}

namespace SharedState.Host.Collections;

/// <summary>Something that is due at a time: a lease, a life or a holder.</summary>
internal abstract class DueEntry
{
    /// <summary>Its place in a <see cref="DueQueue"/>; null while it is in none.</summary>
    public (long At, long Number)? Place { get; set; }
}

/// <summary>Entries in the order of the times at which they are due.</summary>
internal sealed class DueQueue
{
    private readonly SortedSet<DueEntry> _entries = new(
        Comparer<DueEntry>.Create(static (left, right) => left.Place!.Value.CompareTo(right.Place!.Value)));

    private long _number; // tells entries with one time apart

    /// <summary>The earliest time, by the monotonic clock; null if the queue is empty.</summary>
    public long? Next => _entries.Min?.Place!.Value.At;

    /// <summary>Whether an entry is due after a time, and not after another.</summary>
    public bool HasBetween(long after, long until) =>
        _entries.GetViewBetween(new Bound { Place = (after + 1, 0) }, new Bound { Place = (until, long.MaxValue) }).Min is not null;

    /// <summary>Adds an entry, or moves it.</summary>
    public void Set(DueEntry entry, long at)
    {
        Remove(entry);
        entry.Place = (at, _number++);
        _entries.Add(entry);
    }

    /// <summary>Removes an entry, if it is there.</summary>
    public void Remove(DueEntry entry)
    {
        if (entry.Place is null) return;
        _entries.Remove(entry);
        entry.Place = null;
    }

    /// <summary>Takes all that is due at a time.</summary>
    public List<DueEntry> Take(long now)
    {
        var due = new List<DueEntry>();
        while (_entries.Min is { } entry && entry.Place!.Value.At <= now)
        {
            Remove(entry);
            due.Add(entry);
        }
        return due;
    }

    private sealed class Bound : DueEntry;
}

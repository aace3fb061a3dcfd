namespace SharedState.Host.Contents;

/// <summary>An item, or the record of a removed one, at its place in the <see cref="ItemLog"/>.</summary>
internal sealed class ItemEntry(string id)
{
    public string Id { get; } = id;

    /// <summary>Whether the item is gone and only its removal is remembered.</summary>
    public bool Removed { get; set; }

    /// <summary>The item as received; empty if it was removed.</summary>
    public ReadOnlyMemory<byte> Json { get; set; }

    /// <summary>The revision of the last change.</summary>
    public long Revision { get; set; }

    public ItemEntry? Older { get; set; }

    public ItemEntry? Newer { get; set; }
}

/// <summary>The change of an item in one update.</summary>
/// <param name="Entry">The item, with its content after the update.</param>
/// <param name="Before">The content before the update; empty if there was no such item.</param>
internal readonly record struct ItemChange(ItemEntry Entry, ReadOnlyMemory<byte> Before);

/// <summary>The entries of an <see cref="ItemLog"/> from a given one to the newest. Valid until the log changes.</summary>
internal readonly struct ItemWalk(ItemEntry? first)
{
    public Enumerator GetEnumerator() => new(first);

    internal struct Enumerator(ItemEntry? next)
    {
        public ItemEntry Current { get; private set; } = null!;

        public bool MoveNext()
        {
            if (next is null) return false;
            Current = next;
            next = next.Newer;
            return true;
        }
    }
}

namespace SharedState;

/// <summary>An item as the storage returns it.</summary>
/// <param name="id">The item's id.</param>
/// <param name="json">The whole item, byte by byte as it was committed.</param>
/// <param name="revision">The revision of the update that last inserted the item; at least 1, at most the collection's revision.</param>
public readonly struct StoredItem(string id, ReadOnlyMemory<byte> json, long revision)
{
    /// <summary>The item's id.</summary>
    public string Id { get; } = id;

    /// <summary>
    /// The whole item, a JSON object in UTF-8, byte by byte as it was committed. Must not change after the storage has returned it.
    /// </summary>
    public ReadOnlyMemory<byte> Json { get; } = json;

    /// <summary>The revision of the update that last inserted the item; at least 1, at most the collection's revision.</summary>
    public long Revision { get; } = revision;
}

namespace SharedState;

/// <summary>An item as a client sent it.</summary>
/// <param name="id">The item's id: 1-1024 bytes of UTF-8, any characters, compared by code point.</param>
/// <param name="json">The whole item, a JSON object in UTF-8, byte by byte as the client sent it, including its <c>id</c>; perhaps with
/// white space of the host behind it.</param>
public readonly struct Item(string id, ReadOnlyMemory<byte> json)
{
    /// <summary>
    /// The item's id: 1-1024 bytes of UTF-8, any characters, compared by code point: <c>a</c>, <c>A</c> and <c>a </c> are three ids.
    /// </summary>
    public string Id { get; } = id;

    /// <summary>
    /// The whole item, a JSON object in UTF-8, its <c>id</c> included. A storage stores and returns these bytes unchanged, white space
    /// behind the object included: the host marks the lifetime of an item there. A column type that makes JSON uniform, such as
    /// <c>jsonb</c>, loses the mark, and the item never ends. Never changes.
    /// </summary>
    public ReadOnlyMemory<byte> Json { get; } = json;
}

namespace SharedState;

/// <summary>A collection, and where it stands.</summary>
/// <param name="Key">The collection.</param>
/// <param name="Position">Where it stands.</param>
public readonly record struct CollectionPosition(CollectionKey Key, Position Position);

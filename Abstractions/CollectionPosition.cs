namespace SharedState;

/// <summary>A collection and its position.</summary>
/// <param name="Key">The collection.</param>
/// <param name="Position">The position of the collection.</param>
public readonly record struct CollectionPosition(CollectionKey Key, Position Position);

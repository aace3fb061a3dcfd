namespace SharedState;

/// <summary>What is left of a removed item: without it, a client that was away could not be told of the removal.</summary>
/// <param name="Id">The removed item's id. No item of the collection has it.</param>
/// <param name="Revision">The revision of the update that removed it.</param>
public readonly record struct Tombstone(string Id, long Revision);

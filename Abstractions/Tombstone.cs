namespace SharedState;

/// <summary>The record of a removed item, without which a difference could not tell a client about the removal.</summary>
/// <param name="Id">The removed item's id. No item of the collection has it.</param>
/// <param name="Revision">The revision of the update that removed the item.</param>
public readonly record struct Tombstone(string Id, long Revision);

namespace SharedState;

/// <summary>The result of one update of a batch.</summary>
public enum CommitStatus
{
    /// <summary>Stored, and the collection's revision went up by exactly one.</summary>
    Committed,

    /// <summary>
    /// Stored, but without effect: there was nothing to insert, and none of the items to remove existed. The revision stays the same. An
    /// insert always has an effect, even if an equal item exists; so does a reset, unless the collection is empty and stays empty.
    /// </summary>
    Unchanged,

    /// <summary>Not stored, because the collection was not at <see cref="ItemUpdate.Expected"/>.</summary>
    Conflict,
}

/// <summary>The result of one update of a batch, and the position of its collection after the update.</summary>
/// <param name="Status">The result of the update.</param>
/// <param name="Position">The position of the collection after this update, within the batch.</param>
public readonly record struct CommitResult(CommitStatus Status, Position Position);

namespace SharedState;

/// <summary>What became of one update of a batch.</summary>
public enum CommitStatus
{
    /// <summary>Stored, and the collection's revision went up by exactly one.</summary>
    Committed,

    /// <summary>
    /// Stored, but without effect: nothing to insert, and nothing that was to be removed was there. The revision stays. Inserting an
    /// item is always an effect, also if an equal one is there; so is a reset, unless the collection is empty and stays so.
    /// </summary>
    Unchanged,

    /// <summary>Left out of the batch, because the collection was not at <see cref="ItemUpdate.Expected"/>.</summary>
    Conflict,
}

/// <summary>The result of one update of a batch, and the position of its collection after the update.</summary>
/// <param name="Status">The result of the update.</param>
/// <param name="Position">The position of the collection after this update, within the batch.</param>
public readonly record struct CommitResult(CommitStatus Status, Position Position);

using SharedState.Host.Conditions;
using SharedState.Host.Json;

namespace SharedState.Host.Collections;

/// <summary>What a client may read of a collection.</summary>
/// <param name="Reads">Whether it may read at all.</param>
/// <param name="Visible">The condition of the items that it may know of; null for all.</param>
internal readonly record struct ReadRights(bool Reads, Condition? Visible)
{
    /// <summary>Whether the client may know of an item.</summary>
    public bool Sees(ReadOnlyMemory<byte> item) => Reads && Visible?.Matches(item) != false;
}

/// <summary>What one rule allows to write.</summary>
/// <param name="Insert">The items that may be inserted; null for none.</param>
/// <param name="Update">The items that may be updated, before and after; null for none.</param>
/// <param name="Remove">The items that may be removed; null for none.</param>
/// <param name="Reset">Whether all items may be replaced.</param>
/// <param name="Set">Overwrites fields of the written items; null if it does not.</param>
internal sealed record WriteGrant(Condition? Insert, Condition? Update, Condition? Remove, bool Reset, Overwrite? Set)
{
    /// <summary>Whether each item may be inserted, updated and removed, as the client has written it.</summary>
    public bool IsFull => Set is null && Insert == Condition.Always && Update == Condition.Always && Remove == Condition.Always;
}

/// <summary>What a client may write to a collection, if not everything.</summary>
/// <param name="Read">What it may read.</param>
/// <param name="Grants">What the rules allow, in their order.</param>
internal sealed record WriteRights(ReadRights Read, IReadOnlyList<WriteGrant> Grants)
{
    /// <summary>Checks an item: returns its first mistake with the place in the item, or null. Null if every item is valid.</summary>
    public Func<ReadOnlyMemory<byte>, string?>? Check { get; init; }

    /// <summary>
    /// The suffix of the epochs that the client receives; empty if the client may read all items. Readers with different rights have
    /// different suffixes. So a position that was told to one of them is not valid for another.
    /// </summary>
    public string Tag { get; init; } = "";

    /// <summary>Counts a refusal.</summary>
    public Action? Refused { get; init; }

    /// <summary>Whether there are items that the client may not know of.</summary>
    public bool Hides => !Read.Reads || Read.Visible is not null;

    /// <summary>Whether a removal of an item has an effect, or is refused.</summary>
    public bool Touches(ReadOnlyMemory<byte> item) => Read.Sees(item) || Removes(item);

    /// <summary>Whether the client may remove an item.</summary>
    public bool Removes(ReadOnlyMemory<byte> item) => Grants.Any(grant => grant.Remove?.Matches(item) == true);
}

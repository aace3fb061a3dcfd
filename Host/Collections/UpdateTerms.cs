namespace SharedState.Host.Collections;

/// <summary>What an update asks for that depends on the state it meets. A <see cref="Draft"/> turns it into removals and inserts.</summary>
internal sealed class UpdateTerms
{
    /// <summary>Without these nothing is done; null for none.</summary>
    public Precondition? If { get; init; }

    /// <summary>What to merge into items, in this order, after the inserts.</summary>
    public IReadOnlyList<ItemPatch> Patches { get; init; } = [];

    /// <summary>What to add to numbers, in this order, after the patches.</summary>
    public IReadOnlyList<ItemIncrement> Increments { get; init; } = [];

    /// <summary>The ids that patches and increments name, some more than once.</summary>
    public IEnumerable<string> Edited =>
        Patches.Select(patch => patch.Id).Concat(Increments.Select(increment => increment.Id));

    /// <summary>How many distinct ids the update names, but for those of its precondition.</summary>
    public required int Named { get; init; }
}

/// <summary>What must hold immediately before an update, all of it.</summary>
/// <param name="Since">
/// None of the ids that the update names, nor of <paramref name="Ids"/>, changed or was removed after it; with a reset, nothing did. Null
/// for no such condition.
/// </param>
/// <param name="Ids">More ids that must not have changed.</param>
/// <param name="Absent">The ids of items that must not exist.</param>
/// <param name="Present">The ids of items that must exist.</param>
internal sealed record Precondition(
    Position? Since, IReadOnlyList<string> Ids, IReadOnlyList<string> Absent, IReadOnlyList<string> Present);

/// <summary>A JSON merge patch (RFC 7396) of one item, which is created if it is missing.</summary>
/// <param name="Id">The item's id.</param>
/// <param name="Json">The patch as it came in, an object with the id.</param>
internal readonly record struct ItemPatch(string Id, ReadOnlyMemory<byte> Json);

/// <summary>An addition to a number in an item. Items, objects and numbers that are missing are created.</summary>
/// <param name="Id">The item's id.</param>
/// <param name="Path">The names from the outside in; a number is an index where the path meets an array.</param>
/// <param name="By">What to add, a JSON number.</param>
internal readonly record struct ItemIncrement(string Id, string[] Path, ReadOnlyMemory<byte> By)
{
    /// <summary>The most bytes of a sum: 17 digits, a sign, a point and an exponent.</summary>
    public const int MostSumBytes = 24;
}

/// <summary>An item for which a precondition failed.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Json">The item now; null if there is none, empty if it is left out.</param>
internal readonly record struct ItemConflict(string Id, ReadOnlyMemory<byte>? Json);

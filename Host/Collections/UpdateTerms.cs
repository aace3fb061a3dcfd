using SharedState.Host.Conditions;

namespace SharedState.Host.Collections;

/// <summary>The parts of an update that depend on the current state. A <see cref="Draft"/> turns them into removals and inserts.</summary>
internal sealed class UpdateTerms
{
    /// <summary>Makes an update of the host from the state; null for an update of a client.</summary>
    public Decision? Decision { get; init; }

    /// <summary>The terms of an update that has none.</summary>
    public static readonly UpdateTerms None = new() { Named = 0 };

    /// <summary>The conditions of the update, or null.</summary>
    public Precondition? If { get; init; }

    /// <summary>The patches, merged into items in this order, after the inserts.</summary>
    public IReadOnlyList<ItemPatch> Patches { get; init; } = [];

    /// <summary>The increments of numbers, in this order, after the patches.</summary>
    public IReadOnlyList<ItemIncrement> Increments { get; init; } = [];

    /// <summary>The ids that patches and increments name, some more than once.</summary>
    public IEnumerable<string> Edited => Patches.Count + Increments.Count == 0 ? []
        : Patches.Select(patch => patch.Id).Concat(Increments.Select(increment => increment.Id));

    /// <summary>The number of distinct ids that the update names, without those of its precondition.</summary>
    public required int Named { get; init; }
}

/// <summary>The conditions that must all hold immediately before an update.</summary>
/// <param name="Since">
/// No item that the update or <paramref name="Ids"/> names was changed or removed after this position; with a reset, no item at all. Null
/// for no such condition.
/// </param>
/// <param name="Ids">More ids that must not have changed.</param>
/// <param name="Absent">The ids of items that must not exist.</param>
/// <param name="Present">The ids of items that must exist.</param>
/// <param name="Matches">Items that must exist and match a condition.</param>
internal sealed record Precondition(
    Position? Since,
    IReadOnlyList<string> Ids,
    IReadOnlyList<string> Absent,
    IReadOnlyList<string> Present,
    IReadOnlyList<ItemMatch> Matches);

/// <summary>A condition that an item must match.</summary>
/// <param name="Id">The item's id.</param>
/// <param name="Condition">The condition.</param>
internal readonly record struct ItemMatch(string Id, Condition Condition);

/// <summary>A JSON merge patch (RFC 7396) of one item, which is created if it is missing.</summary>
/// <param name="Id">The item's id.</param>
/// <param name="Json">The patch as received, an object with the id.</param>
internal readonly record struct ItemPatch(string Id, ReadOnlyMemory<byte> Json);

/// <summary>An addition to a number in an item. Items, objects and numbers that are missing are created.</summary>
/// <param name="Id">The item's id.</param>
/// <param name="Path">The names from the outside in; a number is an index where the path meets an array.</param>
/// <param name="By">The summand, a JSON number.</param>
internal readonly record struct ItemIncrement(string Id, string[] Path, ReadOnlyMemory<byte> By)
{
    /// <summary>The maximum size of a sum in bytes: 17 digits, a sign, a point and an exponent.</summary>
    public const int MostSumBytes = 24;
}

/// <summary>An item for which a precondition failed.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Json">The current item; null if there is none, empty if it is omitted.</param>
internal readonly record struct ItemConflict(string Id, ReadOnlyMemory<byte>? Json);

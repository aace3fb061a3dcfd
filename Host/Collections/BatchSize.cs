namespace SharedState.Host.Collections;

/// <summary>The size of a batch of updates, by its cost for the storage.</summary>
/// <param name="Updates">The number of updates.</param>
/// <param name="Operations">The items and removals in them: a removal costs about as much as an item.</param>
/// <param name="Bytes">The bytes of the items.</param>
internal readonly record struct BatchSize(int Updates, int Operations, long Bytes)
{
    /// <summary>The size with one more update.</summary>
    public BatchSize With(PendingUpdate request) => new(Updates + 1, Operations + request.Operations, Bytes + request.Bytes);

    /// <summary>The size divided into equal parts.</summary>
    public BatchSize Share(int parts) => parts == 0 ? this : new(Math.Max(1, Updates / parts), Operations / parts, Bytes / parts);

    public bool FitsIn(BatchSize limit) => Updates <= limit.Updates && Operations <= limit.Operations && Bytes <= limit.Bytes;

    public bool IsBelow(BatchSize limit) => Updates < limit.Updates && Operations < limit.Operations && Bytes < limit.Bytes;
}

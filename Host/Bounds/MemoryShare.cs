namespace SharedState.Host.Bounds;

/// <summary>
/// The part of a <see cref="MemoryBudget"/> that one service, or one connection, holds. A holder gets more only while it holds at most a
/// multiple of the free memory, so that no number of holders takes all of it. Thread-safe.
/// </summary>
/// <param name="budget">The budget, which is charged by itself.</param>
/// <param name="multiple">The multiple: with 1 a single holder gets half of the budget, with 4 four fifths.</param>
internal sealed class MemoryShare(MemoryBudget budget, int multiple)
{
    /// <summary>The multiples: a connection is one of many.</summary>
    public const int OfService = 4, OfConnection = 1;

    private long _used;

    /// <summary>The holder has more bytes, or fewer.</summary>
    public void Charge(long bytes) => Interlocked.Add(ref _used, bytes);

    /// <summary>Whether the holder may have more bytes now.</summary>
    public bool Fits(long bytes) => bytes <= 0 || budget.Fits(Needed(bytes));

    /// <summary>
    /// The same. If not, unused collections leave memory, and garbage is collected, unless the holder alone is the cause: one client must
    /// not be able to keep the host busy with garbage collections.
    /// </summary>
    public bool HasRoom(long bytes)
    {
        if (Fits(bytes)) return true;
        if (budget.Fits(bytes) && !budget.FitsWithoutTexts(Needed(bytes))) return false;
        budget.Collect();
        return Fits(bytes);
    }

    /// <summary>The memory that must be free for some more bytes: these bytes, and the part that must remain free beside the holder's
    /// share.</summary>
    private long Needed(long bytes) => bytes + ((Interlocked.Read(ref _used) + bytes + multiple - 1) / multiple);
}

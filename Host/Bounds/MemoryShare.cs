namespace SharedState.Host.Bounds;

/// <summary>
/// What one service, or one connection, holds of a <see cref="MemoryBudget"/>. It gets more only while it holds at most a multiple of what
/// is free, so that no holder, and no number of them, takes all. Thread-safe.
/// </summary>
/// <param name="budget">The budget, which is charged by itself.</param>
/// <param name="multiple">The multiple: with 1 a holder that is alone gets half of the budget, with 4 four fifths.</param>
internal sealed class MemoryShare(MemoryBudget budget, int multiple)
{
    /// <summary>The multiples: a connection is one of many.</summary>
    public const int OfService = 4, OfConnection = 1;

    private long _used;

    /// <summary>The holder has more bytes, or fewer.</summary>
    public void Charge(long bytes) => Interlocked.Add(ref _used, bytes);

    /// <summary>Whether the holder may have more bytes as things are.</summary>
    public bool Fits(long bytes) => bytes <= 0 || budget.Fits(Needed(bytes));

    /// <summary>
    /// The same. If not, unused collections leave memory, and garbage is collected, unless the holder alone is to blame: one client must
    /// not make the host collect garbage for as long as it likes.
    /// </summary>
    public bool HasRoom(long bytes)
    {
        if (Fits(bytes)) return true;
        if (budget.Fits(bytes) && !budget.FitsWithoutTexts(Needed(bytes))) return false;
        budget.Collect();
        return Fits(bytes);
    }

    /// <summary>What must be free for some bytes more: these, and beside them the part that the holder may not have.</summary>
    private long Needed(long bytes) => bytes + ((Interlocked.Read(ref _used) + bytes + multiple - 1) / multiple);
}

namespace SharedState.Host.Connections;

/// <summary>
/// The bytes that one connection's unfinished messages hold. Its first bytes are free, so that a small message never depends on other
/// connections.
/// </summary>
/// <param name="budget">The budget that is charged for the bytes beyond the free ones.</param>
/// <param name="end">Ends the connection, because its share is the largest when the budget is used up. Called on any thread.</param>
internal sealed class ByteShare(ByteBudget budget, Action end)
{
    /// <summary>Room for a small message in each of the three buffers that it may pass through: as received, joined, inflated.</summary>
    public const int FreeBytes = 16 << 10;

    /// <summary>The bytes held. Only the connection's receive loop changes them; beyond the free ones it holds the budget's lock.</summary>
    public long Held { get; set; }

    /// <summary>Whether the budget ended the connection. Guarded by the budget's lock.</summary>
    public bool Ended { get; set; }

    /// <summary>Ends the connection.</summary>
    public void End() => end();

    /// <summary>Takes bytes that the connection needs in order to continue; false if it must end.</summary>
    public bool TryTake(int bytes) => TryTakeFree(bytes) || budget.TryCharge(this, bytes);

    /// <summary>Takes bytes that the connection can do without; false if there are none to spare.</summary>
    public bool TryTakeSpare(int bytes) => TryTakeFree(bytes) || budget.TryChargeSpare(this, bytes);

    /// <summary>Gives bytes back.</summary>
    public void Return(int bytes)
    {
        if (Held <= FreeBytes) Held -= bytes;
        else budget.Return(this, bytes);
    }

    /// <summary>The charge to the budget for this share with some more bytes.</summary>
    public long ChargeFor(int more) => Math.Max(0, Held + more - FreeBytes);

    private bool TryTakeFree(int bytes)
    {
        if (Held + bytes > FreeBytes) return false;
        Held += bytes;
        return true;
    }
}

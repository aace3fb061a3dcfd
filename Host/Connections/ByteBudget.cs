namespace SharedState.Host.Connections;

/// <summary>
/// The bytes that the unfinished messages of all connections may hold together. Each connection has a <see cref="ByteShare"/> of it.
/// </summary>
/// <remarks>
/// When a connection needs more than the rest of the budget, the connection with the largest share is ended, which may be the requesting
/// one. The bytes of an ended connection stay in <see cref="Used"/> until its buffers are returned, but other connections may use them
/// immediately.
/// </remarks>
internal sealed class ByteBudget(long limit)
{
    /// <summary>The close reason for a client whose connection the budget ends.</summary>
    public const string UsedUp = "the server holds too many unfinished messages; send smaller ones";

    private readonly Lock _gate = new();
    private readonly HashSet<ByteShare> _charged = []; // guarded by _gate, like the two sums
    private long _used;    // what the shares are charged
    private long _leaving; // the part of it that belongs to ended connections

    /// <summary>The bytes that connections hold beyond their free parts.</summary>
    public long Used
    {
        get { lock (_gate) return _used; }
    }

    /// <summary>Charges a share for more bytes, and ends the connection with the largest share if there are not that many left.</summary>
    /// <returns>False, without a charge, if the requesting connection must end.</returns>
    public bool TryCharge(ByteShare share, int bytes)
    {
        ByteShare? largest = null;
        lock (_gate)
        {
            if (share.Ended) return false;
            // One is enough: a larger share has more bytes than this one requests.
            if (_used - _leaving + share.ChargeFor(bytes) - share.ChargeFor(0) > limit)
            {
                largest = LargestOver(share.Held + bytes);
                if (largest is null) return false;
                largest.Ended = true;
                _leaving += largest.ChargeFor(0);
            }
            Change(share, bytes);
        }
        largest?.End();
        return true;
    }

    /// <summary>
    /// Charges a share for bytes that it can do without: only from the first half of the budget, and at no other connection's cost.
    /// </summary>
    public bool TryChargeSpare(ByteShare share, int bytes)
    {
        lock (_gate)
        {
            if (share.Ended || _used + share.ChargeFor(bytes) - share.ChargeFor(0) > limit / 2) return false;
            Change(share, bytes);
            return true;
        }
    }

    /// <summary>Takes bytes back from a share.</summary>
    public void Return(ByteShare share, int bytes)
    {
        lock (_gate) Change(share, -bytes);
    }

    private void Change(ByteShare share, int bytes)
    {
        var charge = share.ChargeFor(bytes) - share.ChargeFor(0);
        share.Held += bytes;
        _used += charge;
        if (share.Ended) _leaving += charge;
        if (share.ChargeFor(0) > 0) _charged.Add(share);
        else _charged.Remove(share);
    }

    private ByteShare? LargestOver(long bytes)
    {
        ByteShare? largest = null;
        foreach (var share in _charged)
        {
            if (share.Ended || share.Held <= bytes) continue;
            (largest, bytes) = (share, share.Held);
        }
        return largest;
    }
}

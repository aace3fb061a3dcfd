using System.Buffers;

namespace SharedState.Host.Connections;

/// <summary>
/// Bytes that were received and are not yet used. Grows with what really arrives, never with what a header promises, and holds nothing
/// while it is empty.
/// </summary>
internal sealed class ReceiveBuffer(ByteBudget budget) : IDisposable
{
    // From the first to the second it grows when a read fills it, so that a busy client's messages need few reads.
    private const int SmallestBytes = 4 << 10, LargestAheadBytes = 64 << 10;

    private byte[] _bytes = [];
    private int _start, _end;
    private int _taken;
    private bool _filled; // by the last read: more is likely to be there

    public int Length => _end - _start;

    /// <summary>What is there, to be read and (for unmasking) changed in place.</summary>
    public Span<byte> Filled => _bytes.AsSpan(_start, Length);

    /// <summary>Where to receive to; at least one byte. Ends with <see cref="Received"/>.</summary>
    /// <exception cref="WebSocketException">The budget is used up.</exception>
    public Memory<byte> Free()
    {
        if (_filled && _bytes.Length < LargestAheadBytes) Grow(_bytes.Length * 2);
        else if (_end == _bytes.Length && _start > 0) MoveToFront();
        else if (_end == _bytes.Length) Grow(_bytes.Length * 2);
        return _bytes.AsMemory(_end);
    }

    public void Received(int count)
    {
        _end += count;
        _filled = _end == _bytes.Length;
    }

    /// <summary>Adds bytes that are already here.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (_bytes.Length - _end < bytes.Length)
        {
            if (_start > 0) MoveToFront();
            else Grow(Math.Max(_bytes.Length * 2, Length + bytes.Length));
        }
        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>The first bytes were used.</summary>
    public void Used(int count)
    {
        _start += count;
        if (_start == _end) Release();
    }

    public void Dispose() => Release();

    private void MoveToFront()
    {
        Filled.CopyTo(_bytes);
        (_start, _end) = (0, Length);
    }

    private void Grow(int length)
    {
        length = Math.Max(length, SmallestBytes);
        if (!budget.TryTake(length - _taken))
            throw new WebSocketException(CloseCode.MessageTooBig, "the server holds too many unfinished messages; send smaller ones");
        _taken = length;
        var larger = ArrayPool<byte>.Shared.Rent(length);
        Filled.CopyTo(larger);
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
        (_start, _end) = (0, Length);
    }

    private void Release()
    {
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        budget.Return(_taken);
        (_bytes, _start, _end, _taken) = ([], 0, 0, 0); // what comes next begins small again, unless it fills that as well
    }
}

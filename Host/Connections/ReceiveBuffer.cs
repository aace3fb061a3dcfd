using System.Buffers;

namespace SharedState.Host.Connections;

/// <summary>
/// Received bytes that are not used yet. Grows with the bytes that arrive, never with the length that a header promises, and holds no
/// memory while it is empty.
/// </summary>
internal sealed class ReceiveBuffer(ByteShare share) : IDisposable
{
    // A read that fills the buffer makes it grow from the first size towards the second, so that a busy client's messages need few reads.
    private const int SmallestBytes = 4 << 10, LargestAheadBytes = 64 << 10;

    private byte[] _bytes = [];
    private int _start, _end;
    private int _taken;
    private bool _filled; // by the last read: more is likely to be there

    public int Length => _end - _start;

    /// <summary>The bytes, to be read and (for unmasking) changed in place.</summary>
    public Span<byte> Filled => _bytes.AsSpan(_start, Length);

    /// <summary>Where to receive to; at least one byte. Ends with <see cref="Received"/>.</summary>
    /// <exception cref="WebSocketException">The budget of unfinished messages is used up.</exception>
    public Memory<byte> Free()
    {
        var larger = Math.Max(_bytes.Length * 2, SmallestBytes);
        var reachedEnd = _end == _bytes.Length;
        if (_filled && _bytes.Length < LargestAheadBytes && share.TryTakeSpare(larger - _taken)) Move(larger);
        else if (reachedEnd && _start > 0) MoveToFront();
        else if (reachedEnd) Grow(larger);
        return _bytes.AsMemory(_end);
    }

    public void Received(int count)
    {
        _end += count;
        _filled = _end == _bytes.Length;
    }

    /// <summary>Adds bytes that were received elsewhere.</summary>
    /// <exception cref="WebSocketException">The budget of unfinished messages is used up.</exception>
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
        if (!share.TryTake(length - _taken)) throw new WebSocketException(CloseCode.MessageTooBig, ByteBudget.UsedUp);
        Move(length);
    }

    /// <summary>Goes on in a larger array, for which the share has taken the bytes.</summary>
    private void Move(int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(length);
        Filled.CopyTo(larger);
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, _start, _end, _taken) = (larger, 0, Length, length);
    }

    private void Release()
    {
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        share.Return(_taken);
        (_bytes, _start, _end, _taken) = ([], 0, 0, 0); // what comes next begins small again, unless it fills that as well
    }
}

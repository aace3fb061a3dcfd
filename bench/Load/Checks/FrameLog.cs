namespace SharedState.Bench.Load.Checks;

/// <summary>
/// The last frames of a room, in their one order. Who gets them after the first is compared with it byte by byte, many frames at once;
/// that is the strictest check, and so fast that it does not limit what can be measured.
/// </summary>
internal sealed class FrameLog
{
    private const int Capacity = 1 << 24, Frames = 1 << 17; // more than a receiver lags behind unless something is wrong

    private readonly byte[] _bytes = new byte[Capacity];
    private readonly int[] _starts = new int[Frames];
    private readonly int[] _lengths = new int[Frames];
    private long _oldest = 1;
    private int _end, _lapEnd;

    /// <summary>The number of the newest frame.</summary>
    public long Head { get; private set; }

    /// <summary>Forgets everything; the next frame is the one after this number.</summary>
    public void StartAfter(long number)
    {
        Head = number;
        _oldest = number + 1;
        _end = _lapEnd = 0;
    }

    public bool Has(long number) => number >= _oldest && number <= Head;

    public void Append(ReadOnlySpan<byte> frame)
    {
        if (_end + frame.Length > Capacity)
        {
            while (_oldest <= Head && Start(_oldest) >= _end) _oldest++;
            (_lapEnd, _end) = (_end, 0);
        }
        while (_oldest <= Head && (Head - _oldest == Frames - 1 || Overlaps(_oldest, frame.Length))) _oldest++;
        Head++;
        _starts[Head % Frames] = _end;
        _lengths[Head % Frames] = frame.Length;
        frame.CopyTo(_bytes.AsSpan(_end));
        _end += frame.Length;
    }

    /// <summary>Compares with what follows a frame, and moves the number past the whole frames that are equal.</summary>
    /// <returns>The bytes of those frames.</returns>
    public int Match(ReadOnlySpan<byte> bytes, ref long number)
    {
        if (!Has(number + 1)) return 0;
        var start = Start(number + 1);
        var run = _bytes.AsSpan(start..(start < _end ? _end : _lapEnd));
        var (common, matched) = (bytes.CommonPrefixLength(run), 0);
        while (number < Head && matched + Length(number + 1) <= common) matched += Length(++number);
        return matched;
    }

    private int Start(long number) => _starts[number % Frames];

    private int Length(long number) => _lengths[number % Frames];

    private bool Overlaps(long number, int length) => Start(number) < _end + length && Start(number) + Length(number) > _end;
}

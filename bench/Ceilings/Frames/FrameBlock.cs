namespace SharedState.Bench.Ceilings.Frames;

/// <summary>Frames one after the other, which grow until they are taken as one piece.</summary>
internal sealed class FrameBlock
{
    private byte[] _bytes = new byte[16 << 10];
    private int _last, _beforeLast; // where the last two frames begin

    public int Length { get; private set; }

    public void Add(ReadOnlySpan<byte> payload)
    {
        var needed = Length + FrameBytes.LongestHeader + payload.Length;
        if (needed > _bytes.Length) Array.Resize(ref _bytes, Math.Max(needed, _bytes.Length * 2));
        (_beforeLast, _last) = (_last, Length);
        Length += FrameBytes.WriteHeader(_bytes.AsSpan(Length), payload.Length);
        payload.CopyTo(_bytes.AsSpan(Length));
        Length += payload.Length;
    }

    /// <summary>The frames, in memory of their own, since sockets read it as long as they like.</summary>
    public byte[] Take(Fault fault)
    {
        byte[] taken = fault switch
        {
            Fault.Reversed => [.. _bytes.AsSpan(0, _beforeLast), .. _bytes.AsSpan(_last..Length), .. _bytes.AsSpan(_beforeLast.._last)],
            Fault.Lossy => [.. _bytes.AsSpan(0, _last)],
            Fault.Doubled => [.. _bytes.AsSpan(0, Length), .. _bytes.AsSpan(_last..Length)],
            _ => _bytes.AsSpan(0, Length).ToArray(),
        };
        Length = _last = _beforeLast = 0;
        return taken;
    }
}

namespace SharedState.Bench.Load.Checks;

/// <summary>What comes to one client after its question; it must be, byte by byte, what is expected.</summary>
internal sealed class Download(byte[] expected)
{
    private int _count;

    public bool Complete => _count == expected.Length;

    public void Take(ReadOnlySpan<byte> bytes)
    {
        if (!expected.AsSpan(_count).StartsWith(bytes))
            throw new Violation($"after {_count} bytes an answer is not what the first one was");
        _count += bytes.Length;
    }
}

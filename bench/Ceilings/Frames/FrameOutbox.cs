namespace SharedState.Bench.Ceilings.Frames;

/// <summary>What waits to be written to one stream; all that waits becomes one write.</summary>
internal sealed class FrameOutbox(Stream stream)
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private byte[]? _first; // mostly one block waits, which then is written from where it is
    private List<byte[]>? _more;
    private int _bytes;
    private bool _writing;

    public void Add(byte[] frames)
    {
        lock (_gate)
        {
            if (_first is null) _first = frames;
            else (_more ??= []).Add(frames);
            _bytes += frames.Length;
        }
    }

    /// <summary>Writes what waits, now or when the write that is under way has ended.</summary>
    public void Flush()
    {
        if (!TryTake(begin: true, out var bytes)) return;
        while (true)
        {
            var write = stream.WriteAsync(bytes);
            if (!write.IsCompletedSuccessfully)
            {
                _ = FinishAsync(write);
                return;
            }
            if (!TryTake(begin: false, out bytes)) return;
        }
    }

    private async Task FinishAsync(ValueTask write)
    {
        try
        {
            await write;
            while (TryTake(begin: false, out var bytes)) await stream.WriteAsync(bytes);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The client is gone, which the loop that reads notices too. Nothing is written any more: _writing stays set.
        }
    }

    private bool TryTake(bool begin, out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        lock (_gate)
        {
            if (begin && _writing) return false;
            _writing = _first is not null;
            if (!_writing) return false;
            bytes = _more is { Count: > 0 } ? Joined() : _first;
            _first = null;
            _more?.Clear();
            _bytes = 0;
            return true;
        }
    }

    private byte[] Joined()
    {
        var joined = GC.AllocateUninitializedArray<byte>(_bytes);
        _first!.CopyTo(joined, 0);
        var end = _first!.Length;
        foreach (var frames in _more!)
        {
            frames.CopyTo(joined, end);
            end += frames.Length;
        }
        return joined;
    }
}

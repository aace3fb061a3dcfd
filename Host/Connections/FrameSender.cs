using System.Buffers;

namespace SharedState.Host.Connections;

/// <summary>
/// Writes the frames of an outbox to a connection, as many as possible in one write, and deflates the frames that are worth it. Runs only
/// while the outbox has frames: an idle connection has no thread, task or buffer.
/// </summary>
/// <param name="outbox">The outbox to drain. It wakes the sender.</param>
/// <param name="stream">The connection.</param>
/// <param name="compression">Whether the client takes compressed frames.</param>
/// <param name="time">The time.</param>
/// <param name="counts">Gets the number of frames and bytes.</param>
/// <param name="failed">Gets the reason why writes are no longer possible.</param>
internal sealed class FrameSender(
    Outbox outbox, Stream stream, bool compression, TimeProvider time, ConnectionCounts counts, Action<Exception> failed)
    : IThreadPoolWorkItem
{
    // The maximum of one write. A client that does not take such a piece within the time limit is stalled.
    private const int WriteBytes = 64 << 10;

    // A list that once held more is not kept.
    private const int KeptFrames = 64;

    // A part of a frame from this size on is written in place; copying a smaller one costs less than a separate write.
    private const int LeastDirect = 16 << 10;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Owned by the run, of which there is one at a time.
    private List<Frame> _frames = [];
    private long _written; // and not yet said to the outbox

    private long _waitingSince; // written by the run, read by the registry's sweep

    /// <summary>The time since which writes make no progress, by the monotonic clock; 0 while they do.</summary>
    public long WaitingSince => Volatile.Read(ref _waitingSince);

    /// <summary>Ends when the outbox is closed and everything in it is written, or nothing can be written any more.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Writes until the outbox is empty. The outbox ensures that there is one run at a time.</summary>
    public void Execute() => _ = RunAsync(); // it catches everything, and its end is Ended

    private async Task RunAsync()
    {
        try
        {
            Outgoing outgoing;
            while ((outgoing = outbox.Take(ref _frames, Written())) == Outgoing.Frames)
            {
                counts.Sending(_frames.Count);
                if (_frames is [{ Body.IsEmpty: true } only]) await WriteAsync(only.Head);
                else await JoinAsync();
                if (_frames.Capacity > KeptFrames) _frames = [];
                else _frames.Clear();
            }
            if (outgoing == Outgoing.End) _ended.TrySetResult();
        }
        catch (Exception exception)
        {
            outbox.Close(null);
            failed(exception);
            _ended.TrySetResult();
        }
    }

    /// <summary>Writes all frames in as few writes as possible.</summary>
    private async ValueTask JoinAsync()
    {
        var joined = ArrayPool<byte>.Shared.Rent(WriteBytes);
        try
        {
            var length = 0;
            foreach (var plain in _frames)
            {
                var frame = compression ? plain.Deflated() : plain;
                _written += plain.Length - frame.Length; // the outbox counts plain bytes
                length = await AddAsync(joined, length, frame.Head);
                if (frame.Body.IsEmpty) continue;
                length = await AddAsync(joined, length, frame.Body);
                length = await AddAsync(joined, length, frame.Tail);
            }
            await WriteAsync(joined.AsMemory(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }

    /// <summary>Adds a part to what is joined, which is written when it is full; returns its new length.</summary>
    private async ValueTask<int> AddAsync(byte[] joined, int length, ReadOnlyMemory<byte> part)
    {
        if (part.Length > WriteBytes - length || part.Length >= LeastDirect)
        {
            await WriteAsync(joined.AsMemory(0, length));
            length = 0;
        }
        if (part.Length >= LeastDirect)
        {
            await WriteAsync(part);
            return 0;
        }
        part.CopyTo(joined.AsMemory(length));
        return length + part.Length;
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        counts.Sent(bytes.Length);
        while (bytes.Length > 0)
        {
            var piece = bytes[..Math.Min(bytes.Length, WriteBytes)];
            bytes = bytes[piece.Length..];
            var write = stream.WriteAsync(piece);
            if (write.IsCompleted)
            {
                await write;
                _written += piece.Length;
                continue;
            }
            Volatile.Write(ref _waitingSince, time.GetTimestamp());
            await write;
            Volatile.Write(ref _waitingSince, 0);
            _written += piece.Length;
            outbox.Wrote(Written());
        }
    }

    private long Written()
    {
        var written = _written;
        _written = 0;
        return written;
    }
}

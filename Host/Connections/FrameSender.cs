using System.Buffers;
using System.IO.Pipelines;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>Writes what waits in an outbox to a connection: as much as there is in one go, in pieces that Kestrel takes without holding them twice.</summary>
internal sealed class FrameSender(Outbox outbox, Stream stream, TimeProvider time)
{
    // What Kestrel's output holds by default before it makes a writer wait.
    private const int FlushBytes = 64 << 10;

    private readonly PipeWriter _output = PipeWriter.Create(stream, new(minimumBufferSize: FlushBytes, leaveOpen: true));
    private long _waitingSince; // written by the loop, read by the registry's sweep

    /// <summary>Since when nothing more can be written, by the monotonic clock; 0 while it can.</summary>
    public long WaitingSince => Volatile.Read(ref _waitingSince);

    /// <summary>Runs until the outbox is closed and everything in it is written, or the client is gone.</summary>
    public async Task RunAsync(CancellationToken aborted)
    {
        var frames = new List<Frame>();
        while (await outbox.TakeAsync(frames))
        {
            foreach (var frame in frames)
            {
                if (!await WriteAsync(frame.Head, aborted) || !await WriteAsync(frame.Body, aborted) || !await WriteAsync(frame.Tail, aborted)) return;
            }
            if (!await FlushAsync(aborted)) return;
            frames.Clear();
        }
        await _output.CompleteAsync();
    }

    private async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken aborted)
    {
        while (bytes.Length > 0)
        {
            var part = bytes[..Math.Min(bytes.Length, (int)(FlushBytes - _output.UnflushedBytes))];
            _output.Write(part.Span);
            bytes = bytes[part.Length..];
            if (_output.UnflushedBytes >= FlushBytes && !await FlushAsync(aborted)) return false;
        }
        return true;
    }

    private async ValueTask<bool> FlushAsync(CancellationToken aborted)
    {
        var bytes = _output.UnflushedBytes;
        var flush = _output.FlushAsync(aborted);
        if (!flush.IsCompleted) Volatile.Write(ref _waitingSince, time.GetTimestamp());
        var result = await flush;
        Volatile.Write(ref _waitingSince, 0);
        outbox.Written(bytes);
        return !result.IsCompleted;
    }
}

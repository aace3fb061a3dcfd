using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>One client: a loop that reads and dispatches its requests, and one that writes what waits for it.</summary>
internal sealed class Connection : IDisposable
{
    // As much as Kestrel's output holds by default before it makes a writer wait: larger pieces would only be held twice.
    private const int FlushBytes = 64 << 10;

    // For the other side to see our close frame and to answer it, before the socket goes.
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(2);

    private readonly HostState _host;
    private readonly Stream _input;
    private readonly PipeWriter _output;
    private readonly Action _abort;
    private readonly Outbox _outbox;
    private readonly Dispatcher _dispatcher;
    private readonly ReceiveBuffer _received;
    private readonly MessageReader _messages;
    private readonly RequestRate? _rate;
    private readonly CancellationTokenSource _stopReading = new();

    // Written by one of the loops, read by the registry's sweep; 0 for "not now".
    private long _lastReceivedAt, _writingSince, _messageSince, _pingedAt;

    public Connection(HostState host, Stream stream, Action abort)
    {
        (_host, _input, _abort) = (host, stream, abort);
        _output = PipeWriter.Create(stream, new(minimumBufferSize: FlushBytes, leaveOpen: true));
        _outbox = new(host.Limits.OutboxBytes);
        _dispatcher = new(host, _outbox);
        _received = new(host.Unfinished);
        _messages = new(_received, host.Unfinished, host.Limits);
        if (host.Limits.RequestRate is { } rate) _rate = new(rate, host.Limits.RequestBurst, host.Time);
        _lastReceivedAt = host.Time.GetTimestamp();
    }

    /// <summary>Serves the client until it goes, or must.</summary>
    public async Task RunAsync(CancellationToken aborted)
    {
        var sending = SendLoop(aborted);
        try
        {
            await ReceiveLoop(aborted);
        }
        catch (WebSocketException exception)
        {
            Close(exception.Code, exception.Message);
        }
        catch (Exception exception) when (IsGone(exception))
        {
            if (_stopReading.IsCancellationRequested) await StopAsync();
            else _outbox.Close(null);
        }
        catch (Exception exception)
        {
            ConnectionLog.Failed(_host.Logger, exception);
            Close(CloseCode.InternalError, "something failed on the server; its log says what");
        }
        _dispatcher.Leave();
        await EndAsync(sending);
    }

    /// <summary>Reads no more, finishes what was read, says goodbye. Any thread.</summary>
    public void Stop()
    {
        try
        {
            _stopReading.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself meanwhile.
        }
    }

    /// <summary>Ends the connection at once. Any thread.</summary>
    public void Abort()
    {
        try
        {
            _abort();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself meanwhile.
        }
    }

    public void Dispose()
    {
        _messages.Dispose();
        _received.Dispose();
        _stopReading.Dispose();
    }

    /// <summary>Ends the connection with a reason, for whoever cannot be served.</summary>
    public async Task RefuseAsync(CloseCode code, string reason, CancellationToken aborted)
    {
        Close(code, reason);
        await EndAsync(SendLoop(aborted));
    }

    /// <summary>Looks for what takes too long: a silent peer, a reader that stalls, a message that does not end. Called about once a second.</summary>
    public void Sweep()
    {
        var (time, limits) = (_host.Time, _host.Limits);
        var now = time.GetTimestamp();
        if (Elapsed(ref _writingSince) > limits.StalledTime)
        {
            ConnectionLog.Stalled(_host.Logger, limits.StalledTime);
            Abort();
        }
        else if (Elapsed(ref _messageSince) > limits.MessageTime)
        {
            Close(CloseCode.MessageTooBig, $"a message must arrive within {limits.MessageTime.TotalSeconds:0} seconds");
            Stop();
        }
        else if (Elapsed(ref _pingedAt) > limits.PongTime)
        {
            ConnectionLog.Silent(_host.Logger, limits.PingInterval + limits.PongTime);
            Abort();
        }
        else if (Volatile.Read(ref _pingedAt) == 0 && Elapsed(ref _lastReceivedAt) > limits.PingInterval && _outbox.Empty)
        {
            Volatile.Write(ref _pingedAt, now);
            _outbox.Enqueue(Frame.Control(Frame.Ping, []));
        }

        TimeSpan Elapsed(ref long since) => Volatile.Read(ref since) is var start and not 0 ? time.GetElapsedTime(start, now) : TimeSpan.Zero;
    }

    private async Task ReceiveLoop(CancellationToken aborted)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, _stopReading.Token);
        while (true)
        {
            // A connection that waits for its client holds no buffer.
            if (_received.Length == 0) _ = await _input.ReadAsync(Memory<byte>.Empty, stop.Token);
            var count = await _input.ReadAsync(_received.Free(), stop.Token);
            if (count == 0)
            {
                _outbox.Close(null);
                return;
            }
            _received.Received(count);
            Heard();
            if (!await TakeMessagesAsync(stop.Token, aborted)) return;
            var since = !_messages.Unfinished ? 0 : Volatile.Read(ref _messageSince) is var began and not 0 ? began : _lastReceivedAt;
            Volatile.Write(ref _messageSince, since);
            stop.Token.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Handles every whole message that was received; false after the client's goodbye.</summary>
    private async ValueTask<bool> TakeMessagesAsync(CancellationToken stop, CancellationToken aborted)
    {
        while (true)
        {
            switch (_messages.TryRead())
            {
                case Incoming.Nothing:
                    return true;
                case Incoming.Ping:
                    _outbox.Enqueue(Frame.Control(Frame.Pong, _messages.Payload));
                    break;
                case Incoming.Close:
                    _outbox.Close(Frame.Control(Frame.Close, _messages.Payload[..Math.Min(2, _messages.Payload.Length)]));
                    return false;
                case Incoming.Message:
                    var request = RequestReader.Read(_messages.Payload, _host.Limits);
                    Volatile.Write(ref _messageSince, 0);
                    if (_rate is not null) await _rate.WaitAsync(aborted);
                    await _dispatcher.DispatchAsync(request, aborted);
                    Heard(); // while a request waits for its turn nothing is read, so that a pong would not be seen
                    break;
            }
            _messages.Next();
            await _outbox.WaitForRoomAsync(stop);
        }
    }

    private void Heard()
    {
        Volatile.Write(ref _lastReceivedAt, _host.Time.GetTimestamp());
        Volatile.Write(ref _pingedAt, 0);
    }

    private async Task SendLoop(CancellationToken aborted)
    {
        var frames = new List<Frame>();
        try
        {
            while (await _outbox.TakeAsync(frames))
            {
                foreach (var frame in frames)
                {
                    if (!await WriteAsync(frame.Head, aborted) || !await WriteAsync(frame.Body, aborted) || !await WriteAsync(frame.Tail, aborted)) return;
                }
                if (!await FlushAsync(aborted)) return;
                frames.Clear();
            }
        }
        catch (Exception exception) when (IsGone(exception))
        {
            // The receive loop meets the same, and ends the connection.
        }
        catch (Exception exception)
        {
            ConnectionLog.Failed(_host.Logger, exception);
            _abort();
        }
        finally
        {
            _outbox.Close(null);
        }
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
        if (!flush.IsCompleted) Volatile.Write(ref _writingSince, _host.Time.GetTimestamp());
        var result = await flush;
        Volatile.Write(ref _writingSince, 0);
        _outbox.Written(bytes);
        return !result.IsCompleted;
    }

    private void Close(CloseCode code, string reason)
    {
        Span<byte> payload = stackalloc byte[125];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        Encoding.UTF8.TryGetBytes(reason, payload[2..], out var length);
        _outbox.Close(Frame.Control(Frame.Close, payload[..(2 + length)]));
    }

    private async Task StopAsync()
    {
        using var limit = new CancellationTokenSource(_host.Limits.StopTime, _host.Time);
        try
        {
            await _dispatcher.FinishAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // Storage does not answer; those requests end without a reply, as by a broken connection.
        }
        Close(CloseCode.GoingAway, "the server is stopping; connect again");
    }

    /// <summary>Lets the last frames out and, where the goodbye was ours, waits for the client's, so that it is not lost in a reset.</summary>
    private async Task EndAsync(Task sending)
    {
        using var limit = new CancellationTokenSource(CloseTime, _host.Time);
        try
        {
            await sending.WaitAsync(limit.Token);
            await _output.CompleteAsync();
            var rest = _received.Free();
            while (await _input.ReadAsync(rest, limit.Token) > 0) { }
        }
        catch (Exception exception) when (IsGone(exception) || exception is WebSocketException)
        {
            // Gone already, or too slow to say goodbye.
        }
        Abort();
        await sending;
    }

    private static bool IsGone(Exception exception) =>
        exception is IOException or OperationCanceledException or ObjectDisposedException;
}

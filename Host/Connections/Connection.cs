using System.Buffers.Binary;
using System.Text;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>One client: a loop that reads and dispatches its requests, and one that writes what waits for it.</summary>
internal sealed class Connection : IDisposable
{
    // For the other side to see our close frame and to answer it, before the socket goes.
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(2);

    private readonly HostState _host;
    private readonly Stream _input;
    private readonly Action _abort;
    private readonly Outbox _outbox;
    private readonly FrameSender _sender;
    private readonly Dispatcher _dispatcher;
    private readonly ReceiveBuffer _received;
    private readonly MessageReader _messages;
    private readonly PathMemory _paths = new();
    private readonly RequestRate? _rate;
    private readonly CancellationTokenSource _aborted = new(), _stopReading = new(); // whoever aborts, stops as well
    private bool _left; // whether the client said goodbye

    // Written by the receive loop, read by the registry's sweep; 0 for "not now". A client counts as silent only while it is listened to.
    private long _readingSince, _messageSince, _pingedAt;

    /// <param name="host">What all connections share.</param>
    /// <param name="stream">The upgraded connection.</param>
    /// <param name="early">What came in from it already.</param>
    /// <param name="compression">Whether permessage-deflate was agreed on.</param>
    /// <param name="abort">Ends the connection at once.</param>
    public Connection(HostState host, Stream stream, ReadOnlySpan<byte> early, bool compression, Action abort)
    {
        (_host, _input, _abort) = (host, stream, abort);
        _outbox = new(host.Limits.OutboxBytes);
        _sender = new(_outbox, stream, compression, host.Time, CannotSend);
        _outbox.Sender = _sender;
        _dispatcher = new(host, _outbox);
        _received = new(host.Unfinished);
        _received.Append(early);
        _messages = new(_received, host.Unfinished, compression, host.Limits);
        if (host.Limits.RequestRate is { } rate) _rate = new(rate, host.Limits.RequestBurst, host.Time);
    }

    /// <summary>Where the registry keeps it.</summary>
    public int Slice { get; set; }

    /// <summary>Serves the client until it goes, or must.</summary>
    public async Task RunAsync()
    {
        try
        {
            await ReceiveLoop();
        }
        catch (WebSocketException exception)
        {
            _received.Used(_received.Length);
            Close(exception.Code, exception.Message);
        }
        catch (Exception exception) when (IsGone(exception))
        {
            if (_stopReading.IsCancellationRequested && !_aborted.IsCancellationRequested)
            {
                await FinishAsync();
                Close(CloseCode.GoingAway, "the server is stopping; connect again");
            }
            _outbox.Close(null);
        }
        catch (Exception exception)
        {
            ConnectionLog.Failed(_host.Logger, exception);
            Close(CloseCode.InternalError, "something failed on the server; its log says what");
        }
        await EndAsync();
        await _dispatcher.LeaveAsync(_aborted.Token);
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
            _aborted.Cancel();
            _stopReading.Cancel();
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
        _aborted.Dispose();
    }

    /// <summary>Ends the connection with a reason, for whoever cannot be served.</summary>
    public Task RefuseAsync(CloseCode code, string reason)
    {
        Close(code, reason);
        return EndAsync();
    }

    /// <summary>Looks for what takes too long: a silent peer, a reader that stalls, a message that does not end. Called about once a second.</summary>
    /// <param name="now">When this round of looks began, by the monotonic clock: if the host stands still in the middle of it, that is not now yet.</param>
    /// <param name="awakeSince">Before that the host stood still, by the monotonic clock: nobody is to blame for that time.</param>
    public void Sweep(long now, long awakeSince)
    {
        var (time, limits) = (_host.Time, _host.Limits);
        if (Elapsed(_sender.WaitingSince) > limits.StalledTime)
        {
            ConnectionLog.Stalled(_host.Logger, limits.StalledTime);
            Abort();
        }
        else if (Elapsed(Volatile.Read(ref _messageSince)) > limits.MessageTime)
        {
            Close(CloseCode.MessageTooBig, $"a message must arrive within {limits.MessageTime.TotalSeconds:0} seconds");
            Stop();
        }
        else if (Elapsed(Volatile.Read(ref _pingedAt)) > limits.PongTime)
        {
            ConnectionLog.Silent(_host.Logger, limits.PingInterval + limits.PongTime);
            Abort();
        }
        else if (Volatile.Read(ref _pingedAt) == 0 && Elapsed(Volatile.Read(ref _readingSince)) > limits.PingInterval && _outbox.Empty)
        {
            Volatile.Write(ref _pingedAt, now);
            _outbox.Enqueue(Frame.Control(FrameHeader.Ping, []));
        }

        TimeSpan Elapsed(long since) => since == 0 ? TimeSpan.Zero : time.GetElapsedTime(Math.Max(since, awakeSince), now);
    }

    private async Task ReceiveLoop()
    {
        var stop = _stopReading.Token;
        while (await TakeMessagesAsync(stop))
        {
            stop.ThrowIfCancellationRequested();
            var now = _host.Time.GetTimestamp();
            Volatile.Write(ref _readingSince, now);
            if (!_messages.Unfinished) Volatile.Write(ref _messageSince, 0);
            else if (Volatile.Read(ref _messageSince) == 0) Volatile.Write(ref _messageSince, now);
            // A connection that waits for its client holds no buffer.
            if (_received.Length == 0) _ = await _input.ReadAsync(Memory<byte>.Empty, stop);
            var count = await _input.ReadAsync(_received.Free(), stop);
            if (count == 0)
            {
                _outbox.Close(null);
                return;
            }
            _received.Received(count);
            Volatile.Write(ref _readingSince, 0);
            Volatile.Write(ref _pingedAt, 0);
        }
    }

    /// <summary>Handles every whole message that was received; false after the client's goodbye.</summary>
    private async ValueTask<bool> TakeMessagesAsync(CancellationToken stop)
    {
        while (true)
        {
            switch (_messages.TryRead())
            {
                case Incoming.Nothing:
                    return true;
                case Incoming.Ping:
                    _outbox.Enqueue(Frame.Control(FrameHeader.Pong, _messages.Payload));
                    break;
                case Incoming.Close:
                    _left = true;
                    var echo = Frame.Control(FrameHeader.Close, _messages.Payload[..Math.Min(2, _messages.Payload.Length)]);
                    await FinishAsync();
                    _outbox.Close(echo);
                    return false;
                case Incoming.Message:
                    var request = RequestReader.Read(_messages.Payload, _host.Limits, _paths);
                    Volatile.Write(ref _messageSince, 0);
                    if (_rate is not null) await _rate.WaitAsync(_aborted.Token);
                    await _dispatcher.DispatchAsync(request, _aborted.Token);
                    break;
            }
            _messages.Next();
            await _outbox.WaitForRoomAsync(stop);
        }
    }

    private void CannotSend(Exception exception)
    {
        if (!IsGone(exception)) ConnectionLog.Failed(_host.Logger, exception);
        Abort();
    }

    private void Close(CloseCode code, string reason)
    {
        Span<byte> payload = stackalloc byte[125];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        Encoding.UTF8.TryGetBytes(reason, payload[2..], out var length);
        _outbox.Close(Frame.Control(FrameHeader.Close, payload[..(2 + length)]));
    }

    /// <summary>Waits until what was read is answered.</summary>
    private async Task FinishAsync()
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
    }

    /// <summary>Lets the last frames out and, where the goodbye was ours, waits for the client's, so that it is not lost in a reset.</summary>
    private async Task EndAsync()
    {
        using var limit = new CancellationTokenSource(CloseTime, _host.Time);
        try
        {
            await _sender.Ended.WaitAsync(limit.Token);
            while (!_left) _left = await ReadGoodbyeAsync(limit.Token);
        }
        catch (Exception exception) when (IsGone(exception))
        {
            // Gone already, or too slow to say goodbye.
            Abort();
        }
        await _sender.Ended;
    }

    /// <summary>Passes over what still comes; true at the client's goodbye, or at the end of the stream.</summary>
    private async ValueTask<bool> ReadGoodbyeAsync(CancellationToken stop)
    {
        try
        {
            var count = await _input.ReadAsync(_received.Free(), stop);
            if (count == 0) return true;
            _received.Received(count);
            for (Incoming found; (found = _messages.TryRead()) != Incoming.Nothing; _messages.Next())
            {
                if (found == Incoming.Close) return true;
            }
        }
        catch (WebSocketException)
        {
            _received.Used(_received.Length); // of no matter any more
        }
        return false;
    }

    private static bool IsGone(Exception exception) =>
        exception is IOException or OperationCanceledException or ObjectDisposedException;
}

using System.Buffers.Binary;
using System.Net;
using System.Text;
using SharedState.Host.Access;
using SharedState.Host.Diagnostics;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>One client: a loop that reads and dispatches its requests, and one that writes the frames of its outbox.</summary>
internal sealed class Connection : IDisposable
{
    // The time for the client's answer to the server's close frame. Then the server closes the socket, which may lose data that the
    // client has not read.
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(2);

    // The time in which rights that were taken away end. A request that waits for its client to read holds the review up.
    private static readonly TimeSpan ReviewTime = TimeSpan.FromSeconds(10);

    private readonly HostState _host;
    private readonly Stream _input;
    private readonly Action _abort;
    private readonly Outbox _outbox;
    private readonly FrameSender _sender;
    private readonly Session _session;
    private readonly Dispatcher _dispatcher;
    private readonly ReceiveBuffer _received;
    private readonly MessageReader _messages;
    private readonly PathMemory _paths = new();
    private readonly RequestRate? _rate;
    private readonly CancellationTokenSource _aborted = new(), _ended = new(), _stopReading = new(); // each cancels the next one
    private Goodbye? _goodbye; // once no more messages are read
    private string? _endedBy;  // the first goodbye: the code of the server's, or "client", whose code is its own choice

    // Written by the receive loop, read by the registry's sweep; a time of 0 means "not now". A client counts as silent only while the
    // loop reads.
    private long _readingSince, _messageSince, _messageBytes, _pingedAt;

    /// <param name="host">What all connections share.</param>
    /// <param name="stream">The upgraded connection.</param>
    /// <param name="early">The bytes that arrived behind the handshake.</param>
    /// <param name="compression">Whether permessage-deflate was agreed on.</param>
    /// <param name="abort">Ends the connection at once.</param>
    /// <param name="keepUnsentSmall">Limits the unsent bytes in the system's buffer; null if there is no such setting.</param>
    /// <param name="session">Who the client is; null for an anonymous one.</param>
    public Connection(
        HostState host, Stream stream, ReadOnlySpan<byte> early, bool compression, Action abort, Action? keepUnsentSmall = null,
        Session? session = null)
    {
        _session = session ?? new(host.Access, Identity.Anonymous, IPAddress.None);
        (_host, _input, _abort) = (host, stream, abort);
        _outbox = new(host.Limits.OutboxBytes, keepUnsentSmall);
        _sender = new(_outbox, stream, compression, host.Time, host.Counts, CannotSend);
        _outbox.Sender = _sender;
        _dispatcher = new(host, _session, _outbox);
        var share = new ByteShare(host.Unfinished, () => End(CloseCode.MessageTooBig, ByteBudget.UsedUp));
        _received = new(share);
        _received.Append(early);
        _messages = new(_received, share, compression, host.Limits);
        if (host.Limits.RequestRate is { } rate) _rate = new(rate, host.Limits.RequestBurst, host.Time);
    }

    /// <summary>The frames that wait to be sent, or are being sent.</summary>
    public long OutboxBytes => _outbox.HeldBytes;

    /// <summary>The part of the registry that holds this connection.</summary>
    public int Slice { get; set; }

    /// <summary>Serves the client until one side ends the connection.</summary>
    public async Task RunAsync()
    {
        _dispatcher.Enter();
        try
        {
            await ReceiveLoop();
        }
        catch (WebSocketException exception)
        {
            StopListening();
            Close(exception.Code, exception.Message);
        }
        catch (Exception exception) when (IsGone(exception))
        {
            StopListening();
            if (_stopReading.IsCancellationRequested && !_ended.IsCancellationRequested)
            {
                await FinishAsync();
                Close(CloseCode.GoingAway, "the server is stopping; connect again");
            }
            _outbox.Close(null);
        }
        catch (Exception exception)
        {
            StopListening();
            ConnectionLog.Failed(_host.Logger, exception);
            Close(CloseCode.InternalError, "something failed on the server; its log says what");
        }
        var leaving = _dispatcher.LeaveAsync(_aborted.Token); // first, because others wait for what ends with the client
        await EndAsync();
        await leaving;
    }

    /// <summary>Reads no more, answers the requests that were read, and says goodbye. Any thread.</summary>
    public void Stop() => Cancel(_stopReading);

    /// <summary>Ends the connection at once. Any thread.</summary>
    public void Abort()
    {
        if (Cancel(_aborted) && Cancel(_ended) && Cancel(_stopReading)) _abort();
    }

    /// <summary>Follows the end of the client's identity, and changes of the access policy and of the doors. Any thread.</summary>
    public void Review()
    {
        if (_session.IsShutOut) End(CloseCode.NotLetIn, "service.origins or service.hosts changed, and this page may not connect any more");
        else if (_session.IsStale) _dispatcher.Review();
    }

    public void Dispose()
    {
        _messages.Dispose();
        _received.Dispose();
        _stopReading.Dispose();
        _ended.Dispose();
        _aborted.Dispose();
    }

    /// <summary>Says goodbye to a client that cannot be served.</summary>
    public Task RefuseAsync(CloseCode code, string reason)
    {
        StopListening();
        Close(code, reason);
        return EndAsync();
    }

    /// <summary>
    /// Ends the connection if something takes too long: a silent peer, a reader that stalls, a message that does not end. Called about once
    /// a second.
    /// </summary>
    /// <param name="now">When this sweep began, by the monotonic clock. If the host stalls during the sweep, the later time does not count
    /// yet.</param>
    /// <param name="awakeSince">When the host last resumed after a stall, by the monotonic clock: earlier time does not count against
    /// clients.</param>
    public void Sweep(long now, long awakeSince)
    {
        var (time, limits) = (_host.Time, _host.Limits);
        Review();
        if (Elapsed(_sender.WaitingSince) > limits.StalledTime)
        {
            ConnectionLog.Stalled(_host.Logger, limits.StalledTime);
            Abort();
        }
        else if (Elapsed(_dispatcher.ReviewSince) > ReviewTime)
        {
            ConnectionLog.NotReviewed(_host.Logger, ReviewTime);
            Abort();
        }
        else if (IsTooSlow(Elapsed(Volatile.Read(ref _messageSince))))
        {
            End(
                CloseCode.MessageTooBig,
                $"a message must arrive within {limits.MessageTime.TotalSeconds:0} seconds, or at {limits.UploadBytesPerSecond} bytes a "
                    + "second");
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
            Volatile.Write(ref _messageBytes, _messages.UnfinishedBytes);
            if (!_messages.Unfinished) Volatile.Write(ref _messageSince, 0);
            else if (Volatile.Read(ref _messageSince) == 0) Volatile.Write(ref _messageSince, now);
            // A connection at rest holds no buffer while it waits for its client.
            if (_received.Length == 0) _ = await _input.ReadAsync(Memory<byte>.Empty, stop);
            var count = await _input.ReadAsync(_received.Free(), stop);
            if (count == 0)
            {
                StopListening();
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
                    _endedBy ??= "client";
                    var echo = Frame.Control(FrameHeader.Close, _messages.Payload[..Math.Min(2, _messages.Payload.Length)]);
                    StopListening();
                    await FinishAsync();
                    _outbox.Close(echo);
                    return false;
                case Incoming.Message:
                    var request = RequestReader.Read(_messages.Payload, _host.Limits, _paths);
                    Volatile.Write(ref _messageSince, 0);
                    if (_rate is not null) await _rate.WaitAsync(_ended.Token);
                    await _dispatcher.DispatchAsync(request, _ended.Token);
                    break;
            }
            _messages.Next();
            await _outbox.WaitForRoomAsync(stop);
        }
    }

    private bool IsTooSlow(TimeSpan elapsed) =>
        elapsed > _host.Limits.MessageTime && Volatile.Read(ref _messageBytes) < elapsed.TotalSeconds * _host.Limits.UploadBytesPerSecond;

    private void CannotSend(Exception exception)
    {
        if (!IsGone(exception)) ConnectionLog.Failed(_host.Logger, exception);
        Abort();
    }

    /// <summary>Says goodbye now, with a reason, and reads no more. Any thread.</summary>
    private void End(CloseCode code, string reason)
    {
        if (_ended.IsCancellationRequested) return;
        ConnectionLog.Ended(_host.Logger, code, reason);
        Close(code, reason);
        if (Cancel(_ended)) Cancel(_stopReading);
    }

    private void Close(CloseCode code, string reason)
    {
        _endedBy ??= code.ToString("D");
        Span<byte> payload = stackalloc byte[125];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        Encoding.UTF8.TryGetBytes(reason, payload[2..], out var length);
        _outbox.Close(Frame.Control(FrameHeader.Close, payload[..(2 + length)]));
    }

    /// <summary>Discards the messages that are not read yet, and their memory. From now on only the client's close frame counts.</summary>
    private void StopListening()
    {
        if (_goodbye is not null) return;
        _goodbye = new();
        _goodbye.PassOver(_received.Filled);
        _received.Dispose();
        _messages.Dispose();
        Volatile.Write(ref _messageSince, 0);
    }

    /// <summary>Waits until the requests that were read are answered.</summary>
    private async Task FinishAsync()
    {
        using var limit = new CancellationTokenSource(_host.Limits.StopTime, _host.Time);
        try
        {
            await _dispatcher.FinishAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // Storage does not answer; these requests end without a reply, as after a broken connection.
        }
    }

    /// <summary>
    /// Sends the last frames. If the server sent its close frame first, waits for the client's, because a reset could overtake the frames.
    /// </summary>
    private async Task EndAsync()
    {
        using var limit = new CancellationTokenSource(CloseTime, _host.Time);
        try
        {
            await _sender.Ended.WaitAsync(limit.Token);
            var free = _received.Free();
            while (!_goodbye!.Said)
            {
                limit.Token.ThrowIfCancellationRequested(); // a stream that has bytes may not look at the token
                var count = await _input.ReadAsync(free, limit.Token);
                if (count == 0) break;
                _goodbye.PassOver(free.Span[..count]);
            }
        }
        catch (Exception exception) when (IsGone(exception))
        {
            // The client is gone, or too slow to say goodbye.
            Abort();
        }
        await _sender.Ended;
        HostMeter.Closes.Add(1, new KeyValuePair<string, object?>("code", _endedBy ?? "none"));
    }

    /// <summary>False if the connection ended meanwhile.</summary>
    private static bool Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private static bool IsGone(Exception exception) =>
        exception is IOException or OperationCanceledException or ObjectDisposedException;
}

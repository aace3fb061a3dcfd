using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using SharedState.Host.Collections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>
/// Takes one connection's requests to who answers them: a service's writer, or itself. What cannot run yet waits here, in order, while the
/// receive loop reads on: each request's time begins when it was read, not when its turn comes.
/// </summary>
internal sealed class Dispatcher
{
    // Requests of one connection, or the bytes that count as one more, after which a turn of the writer is worth its cost.
    private const int Many = 32, BytesOfMany = 512;

    private readonly HostState _host;
    private readonly Replies _replies;

    private readonly Lock _gate = new();
    private readonly Queue<Request> _waiting = new(); // guarded by _gate; bounded by Limits.RequestsInFlight, since the receive loop waits
    private bool _busy;                               // guarded by _gate: whether there is a run
    private Task _run = Task.CompletedTask;           // the receive loop's
    private volatile bool _left;                      // set once, by the receive loop

    // Owned by the run, of which there is one at a time.
    private readonly SubscriptionSet _subscriptions;
    private ServiceWriter? _writer; // the one that has the lane
    private RequestLane? _lane;
    private int _posted; // since it helped

    public Dispatcher(HostState host, Outbox outbox)
    {
        _host = host;
        _replies = new(outbox);
        _subscriptions = new(host, outbox, _replies);
    }

    /// <summary>Begins with a request. Returns when the next may be read, which is usually at once. For the receive loop.</summary>
    public ValueTask DispatchAsync(Request request, CancellationToken aborted)
    {
        request.ReceivedAt = _host.Time.GetTimestamp();
        _replies.Expect(request);
        if (MustBegin(request)) _run = RunAsync();
        // What is in flight is bounded in number, and in bytes: a message's worth, and the one that goes over it.
        var most = _replies.Bytes > _host.Limits.MessageBytes ? 1 : _host.Limits.RequestsInFlight - 1;
        return _replies.AnsweredAsync(request.Number - most, aborted);
    }

    /// <summary>Waits until everything is answered.</summary>
    public ValueTask FinishAsync(CancellationToken stop) => _replies.AnsweredAsync(_replies.Expected, stop);

    /// <summary>The connection ends. What was read still runs where that takes no longer than a stop may, and was not aborted.</summary>
    public async Task LeaveAsync(CancellationToken aborted)
    {
        const ConfigureAwaitOptions Whatever = ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;
        await _run.WaitAsync(_host.Limits.StopTime, _host.Time, aborted).ConfigureAwait(Whatever);
        _left = true;
        _replies.Close();
        await _run;
        _subscriptions.Leave();
    }

    /// <summary>Puts a request behind those that wait; true where no run is there to take it.</summary>
    private bool MustBegin(Request request)
    {
        lock (_gate)
        {
            _waiting.Enqueue(request);
            return !_busy && (_busy = true);
        }
    }

    private bool TryNext([NotNullWhen(true)] out Request? request)
    {
        lock (_gate) return _busy = _waiting.TryDequeue(out request);
    }

    private async Task RunAsync()
    {
        while (TryNext(out var request))
        {
            try
            {
                await RunAsync(request);
            }
            catch (Exception exception)
            {
                ConnectionLog.Failed(_host.Logger, exception);
                _replies.Answer(request, FrameWriter.OfThisThread.Refuse(request, Error.Internal));
            }
        }
    }

    private async ValueTask RunAsync(Request request)
    {
        if (request.Target is Target.Read or Target.Update or Target.Listing && _host.Services.Find(request.Path.Service) is { } writer)
        {
            // Another writer's requests are answered first, so that requests run in the order in which they came.
            if (writer != _writer) await _replies.AnsweredAsync(request.Number - 1, CancellationToken.None);
            if (_left) return;
            if (writer != _writer) (_writer, _lane) = (writer, new(_replies));
            request.Lane = _lane!;
            writer.Post(request);
            // Whoever keeps the writer busy works for it, before it reads on.
            _posted += 1 + (request.MessageBytes / BytesOfMany);
            if (_posted >= Many)
            {
                _posted = 0;
                writer.Help();
            }
            return;
        }
        await _replies.RoomAsync(request);
        if (_left) return;
        _replies.Answer(request, await AnswerAsync(request));
        _subscriptions.Start();
    }

    private async ValueTask<Frame> AnswerAsync(Request request)
    {
        switch (request.Target)
        {
            case Target.Services:
                return FrameWriter.OfThisThread.Reply(request, _host.Services.NamesJson);
            case Target.Clock:
                var seconds = (_host.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / (decimal)TimeSpan.TicksPerSecond;
                return FrameWriter.OfThisThread.Reply(request, Encoding.ASCII.GetBytes(seconds.ToString("F6", CultureInfo.InvariantCulture)));
            case Target.Subscriptions:
                return _subscriptions.Tell(request);
            case Target.ChangeSubscriptions:
                return await _subscriptions.ChangeAsync(request);
            case Target.None:
                return FrameWriter.OfThisThread.Refuse(request, request.Error!);
            default:
                return FrameWriter.OfThisThread.Refuse(request, _host.Services.Missing(request.Path.Service));
        }
    }
}

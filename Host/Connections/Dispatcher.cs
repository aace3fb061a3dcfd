using System.Globalization;
using System.Text;
using SharedState.Host.Access;
using SharedState.Host.Collections;
using SharedState.Host.Diagnostics;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>
/// Hands the requests of one connection to the services, and answers requests that need no service itself. Requests that cannot run yet
/// wait here, in order, while the receive loop continues: the time limit of a request starts when it was read, not when its turn comes.
/// </summary>
internal sealed class Dispatcher
{
    // Requests of one connection, or the bytes that count as one more, after which a turn of the writer is worth its cost.
    private const int Many = 32, BytesOfMany = 512;

    private readonly HostState _host;
    private readonly Replies _replies;

    private readonly Lock _gate = new();
    // Guarded by _gate; bounded by Limits.RequestsInFlight, since the receive loop waits.
    private readonly Queue<OpenRequest> _waiting = new();
    private bool _busy;                               // guarded by _gate: whether there is a run
    private bool _review;                             // guarded by _gate: whether the run is to look at the identity first
    private long _reviewSince;                        // written under _gate; 0: no review is due
    private TaskCompletionSource? _idle;              // guarded by _gate: the end of the run
    private volatile bool _left;                      // set once, by the receive loop, under _gate

    // Owned by the run, of which there is one at a time.
    private readonly Session _session;
    private readonly SubscriptionSet _subscriptions;
    private readonly MemoryShare _memory;
    private readonly List<Lane> _lanes = []; // one for each service that the connection named
    private ServiceWriter? _writer; // got the last request
    private int _posted;   // since it helped
    private long _charged; // to the memory, for the identity

    /// <param name="host">What all connections share.</param>
    /// <param name="session">Who the client is, and what it may do.</param>
    /// <param name="outbox">Gets what is to be sent.</param>
    public Dispatcher(HostState host, Session session, Outbox outbox)
    {
        (_host, _session) = (host, session);
        _replies = new(outbox, host.Requests, host.Counts);
        _memory = new(host.Limits.Memory, MemoryShare.OfConnection);
        _subscriptions = new(host, session, outbox, _memory, LaneAt);
    }

    /// <summary>The connection begins.</summary>
    public void Enter() => ChargeIdentity();

    /// <summary>Starts a request. Completes when the next one may be read, usually immediately. For the receive loop.</summary>
    public ValueTask DispatchAsync(Request request, CancellationToken aborted)
    {
        // The first reply tells the client the limits.
        var announced = _replies.Expected == 0 ? _host.Limits.MessageBytes : 0;
        var open = new OpenRequest(request, _replies, announced) { ReceivedAt = _host.Time.GetTimestamp() };
        return open.IsLarge ? BeginLargeAsync(open, aborted) : Begin(open, aborted);
    }

    private async ValueTask BeginLargeAsync(OpenRequest open, CancellationToken aborted)
    {
        await _host.Requests.TakeAsync(open.Request.MessageBytes, aborted);
        await Begin(open, aborted);
    }

    private ValueTask Begin(OpenRequest open, CancellationToken aborted)
    {
        _replies.Expect(open);
        if (MustBegin(open)) _ = RunAsync(); // its end: IdleAsync
        // The requests in flight are bounded in number, and in bytes: a message's worth, and the one that goes over it.
        var most = _replies.Bytes > _host.Limits.MessageBytes ? 1 : _host.Limits.RequestsInFlight - 1;
        return _replies.AnsweredAsync(open.Number - most, aborted);
    }

    /// <summary>Waits until all requests are answered.</summary>
    public ValueTask FinishAsync(CancellationToken stop) => _replies.AnsweredAsync(_replies.Expected, stop);

    /// <summary>When the review was asked for that is not finished, by the monotonic clock; 0 for none. Any thread.</summary>
    public long ReviewSince => Volatile.Read(ref _reviewSince);

    /// <summary>The client's identity has ended, or the access policy has changed: subscriptions that are no longer allowed end. Any
    /// thread.</summary>
    public void Review()
    {
        lock (_gate)
        {
            if (_left) return;
            if (_reviewSince == 0) Volatile.Write(ref _reviewSince, _host.Time.GetTimestamp());
            _review = true;
            if (_busy) return;
            _busy = true;
        }
        _ = Task.Run(RunAsync); // its end: IdleAsync
    }

    /// <summary>The connection ends. What was read still runs where that takes no longer than a stop may, and was not aborted.</summary>
    public async Task LeaveAsync(CancellationToken aborted)
    {
        const ConfigureAwaitOptions WithoutThrowing =
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;
        await IdleAsync().WaitAsync(_host.Limits.StopTime, _host.Time, aborted).ConfigureAwait(WithoutThrowing);
        lock (_gate) _left = true;
        _replies.Close();
        await IdleAsync();
        _subscriptions.Leave();
        Charge(0);
        foreach (var lane in _lanes.Where(lane => lane.NamesHolders)) lane.Writer.Post(new Step(() => lane.Writer.Leave(lane)));
    }

    /// <summary>Puts a request behind those that wait; true where there is no run to take it.</summary>
    private bool MustBegin(OpenRequest open)
    {
        lock (_gate)
        {
            _waiting.Enqueue(open);
            return !_busy && (_busy = true);
        }
    }

    /// <summary>Takes the next request; null for a review, which comes before the requests that wait. False ends the run.</summary>
    private bool TryNext(out OpenRequest? open)
    {
        lock (_gate)
        {
            open = null;
            if (_review)
            {
                _review = false;
                return true;
            }
            if (_waiting.TryDequeue(out open)) return true;
            _busy = false;
            _idle?.TrySetResult();
            _idle = null;
            return false;
        }
    }

    /// <summary>Waits until there is no run.</summary>
    private Task IdleAsync()
    {
        lock (_gate)
        {
            if (!_busy) return Task.CompletedTask;
            _idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    private async Task RunAsync()
    {
        while (TryNext(out var open))
        {
            try
            {
                if (open is null) await ReviewAsync();
                else await RunAsync(open);
            }
            catch (Exception exception)
            {
                ConnectionLog.Failed(_host.Logger, exception);
                open?.Refuse(Error.Internal);
            }
        }
    }

    private async ValueTask ReviewAsync()
    {
        if (_left) return;
        _session.Renew();
        ChargeIdentity();
        await _subscriptions.ReviewAsync();
        lock (_gate) Volatile.Write(ref _reviewSince, 0);
    }

    private async ValueTask RunAsync(OpenRequest open)
    {
        var request = open.Request;
        if (_session.HasOtherPolicy) await ReviewAsync();
        open.Permit = PermitFor(request);
        if (open.Permit is { } permit && permit.Rights != Rights.All && !Allows(permit.Rights, request.Target))
        {
            HostMeter.Refusals.Add(1, HostMeter.Rule(permit.Rights.Rule));
            open.Refuse(permit.Refusal);
            return;
        }
        if (request.Target is Target.Read or Target.Update or Target.Listing && _host.Services.Find(request.Path.Service) is { } writer)
        {
            // The requests at another service are answered first, so that requests run in the order in which they came.
            if (writer != _writer) await _replies.AnsweredAsync(open.Number - 1, CancellationToken.None);
            if (_left) return;
            _writer = writer;
            var lane = LaneAt(writer);
            lane.NamesHolders |= request.Update?.Lifetime is { Ttl: null };
            writer.Post(open.ToPending(lane));
            // A connection that keeps the service busy works for it, before it reads on.
            _posted += 1 + (request.MessageBytes / BytesOfMany);
            if (_posted >= Many)
            {
                _posted = 0;
                writer.Help();
            }
            return;
        }
        await open.RoomAsync();
        if (_left) return;
        await AnswerAsync(open);
        _subscriptions.Start();
    }

    /// <summary>What the client may do at the path of a request; null if no rule is needed.</summary>
    private Permit? PermitFor(Request request) => request.Target switch
    {
        Target.Read or Target.Update or Target.Listing =>
            _session.At(request.Path.App, request.Path.Service, request.Path.Collection ?? ""),
        Target.Services => _session.At("", "", ""),
        _ => null, // subscriptions are judged one by one
    };

    private static bool Allows(Rights rights, Target target) => target switch
    {
        Target.Read => rights.Read,
        Target.Update => rights.Write,
        Target.Services or Target.Listing => rights.List,
        _ => true,
    };

    private Lane LaneAt(ServiceWriter writer)
    {
        foreach (var known in _lanes)
        {
            if (known.Writer == writer) return known;
        }
        var lane = new Lane(writer, _memory);
        _lanes.Add(lane);
        return lane;
    }

    private async ValueTask AnswerAsync(OpenRequest open)
    {
        var (request, frames) = (open.Request, FrameWriter.OfThisThread);
        switch (request.Target)
        {
            case Target.Services:
                open.Answer(frames.Reply(request, _host.Services.Names, open.Announced));
                break;
            case Target.Clock:
                var seconds = (_host.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / (decimal)TimeSpan.TicksPerSecond;
                var text = Encoding.ASCII.GetBytes(seconds.ToString("F6", CultureInfo.InvariantCulture));
                open.Answer(frames.Reply(request, text, open.Announced));
                break;
            case Target.Subscriptions:
                _subscriptions.Tell(open);
                break;
            case Target.ChangeSubscriptions:
                await _subscriptions.ChangeAsync(open);
                break;
            case Target.Identity:
                open.Answer(frames.Reply(request, _session.Identity.ToJson(), open.Announced));
                break;
            case Target.ChangeIdentity:
                await ChangeIdentityAsync(open);
                break;
            case Target.None:
                open.Refuse(request.Error!);
                break;
            default:
                open.Refuse(_host.Services.Missing(request.Path.Service));
                break;
        }
    }

    private async ValueTask ChangeIdentityAsync(OpenRequest open)
    {
        if (await _session.ChangeAsync(open.Request.Token, HasRoom, CancellationToken.None) is { } error)
        {
            open.Refuse(error);
            return;
        }
        ChargeIdentity();
        await _subscriptions.ReviewAsync();
        open.Answer(FrameWriter.OfThisThread.Reply(open.Request, _session.Identity.ToJson(), open.Announced));
    }

    private bool HasRoom(long bytes)
    {
        if (_memory.HasRoom(bytes)) return true;
        ConnectionLog.NoMemory(_host.Logger, _host.Limits.Memory.Limit);
        return false;
    }

    private void ChargeIdentity() => Charge(_session.Identity.Bytes);

    private void Charge(long bytes)
    {
        _host.Limits.Memory.Charge(bytes - _charged);
        _memory.Charge(bytes - _charged);
        _charged = bytes;
    }
}

using System.Globalization;
using System.Text;
using SharedState.Host.Collections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>Takes one connection's requests to who answers them: a service's writer, or itself. Owned by the receive loop.</summary>
internal sealed class Dispatcher
{
    private readonly HostState _host;
    private readonly Replies _replies;
    private readonly SubscriptionSet _subscriptions;
    private ServiceWriter? _writer; // the one that has the lane
    private RequestLane? _lane;

    public Dispatcher(HostState host, Outbox outbox)
    {
        _host = host;
        _replies = new(outbox);
        _subscriptions = new(host, outbox, _replies);
    }

    /// <summary>Begins with a request. Returns when the next may be read, which is usually at once.</summary>
    public async ValueTask DispatchAsync(Request request, CancellationToken aborted)
    {
        request.ReceivedAt = _host.Time.GetTimestamp();
        _replies.Expect(request);
        if (request.Target is Target.Read or Target.Update or Target.Listing && _host.Services.Find(request.Path.Service) is { } writer)
        {
            // Another writer's requests are answered first, so that requests run in the order in which they came. And what a connection
            // has in flight is bounded in bytes as well: a message's worth, and the one that goes over it.
            var alone = writer != _writer || _replies.Bytes > _host.Limits.MessageBytes;
            await _replies.WaitAsync(alone ? 1 : _host.Limits.RequestsInFlight, aborted);
            if (writer != _writer) (_writer, _lane) = (writer, new(_replies));
            request.Lane = _lane!;
            writer.Post(request);
            return;
        }
        await _replies.WaitAsync(1, aborted);
        _replies.Answer(request, await AnswerAsync(request));
        _subscriptions.Start();
    }

    /// <summary>Waits until everything is answered.</summary>
    public ValueTask FinishAsync(CancellationToken stop) => _replies.WaitAsync(0, stop);

    /// <summary>The connection ends.</summary>
    public void Leave() => _subscriptions.Leave();

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

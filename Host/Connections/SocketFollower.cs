using SharedState.Host.Collections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>Puts the changes of one subscription into its connection's outbox.</summary>
internal sealed class SocketFollower : IFollower
{
    private readonly Outbox _outbox;
    private readonly NotifyFormat _format;
    private bool _dropped;

    public SocketFollower(SubscriptionRequest request, Lane lane, Outbox outbox)
    {
        (Request, _outbox, _format) = (request, outbox, NotifyFormat.Of(request));
        Subscription = new(request.Path.Key, lane, this)
        {
            Known = request.Options.Since,
            Merges = request.Options.Conflate || request.Options.MinInterval > TimeSpan.Zero,
            MinInterval = request.Options.MinInterval,
        };
    }

    public SubscriptionRequest Request { get; }

    public Subscription Subscription { get; }

    /// <summary>Whether the client wants merged differences whenever it is behind at all.</summary>
    public bool Conflates => Request.Options.Conflate;

    /// <summary>Whether the server ended it. Set once, by the service; then the connection's own set forgets it.</summary>
    public bool Dropped => Volatile.Read(ref _dropped);

    public bool IsReady() => _outbox.TryReady(this);

    public Delivery Take(Notice notice) => _outbox.TryEnqueue(Frame(notice), this) ? Delivery.Taken : Delivery.Refused;

    public Delivery TakeMissed(Notice? notice)
    {
        _outbox.CatchUp(notice is null ? null : Frame(notice));
        return Delivery.Taken;
    }

    public void End(Error error)
    {
        Volatile.Write(ref _dropped, true); // first: a client that has read the notice finds the subscription gone
        _outbox.Enqueue(FrameWriter.OfThisThread.Drop(_format, error));
    }

    private Frame Frame(Notice notice) => notice.In(_format, static (notice, format) => FrameWriter.OfThisThread.Notify(notice, format));
}

using SharedState.Host.Access;
using SharedState.Host.Collections;
using SharedState.Host.Contents;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>Puts the changes of one subscription into its connection's outbox.</summary>
internal sealed class SocketFollower : IFollower
{
    private readonly Outbox _outbox;
    private readonly NotifyFormat _format;
    private bool _dropped, _ended;

    /// <param name="request">The subscription.</param>
    /// <param name="rights">What the client may read.</param>
    /// <param name="lane">The client's lane at the service.</param>
    /// <param name="outbox">Gets the notifications.</param>
    public SocketFollower(SubscriptionRequest request, Rights rights, Lane lane, Outbox outbox)
    {
        (Request, Rights, _outbox, _format) = (request, rights, outbox, NotifyFormat.Of(request, rights.Tag));
        Conflates = request.Options.Conflate;
        Subscription = new(request.Path.Key, lane, this)
        {
            Definition = rights.Seen(request.Options.View),
            Known = rights.Known(request.Options.Since),
            Merges = request.Options.Conflate || request.Options.MinInterval > TimeSpan.Zero,
            MinInterval = request.Options.MinInterval,
        };
    }

    public SubscriptionRequest Request { get; }

    /// <summary>What the client may read, by the rules when it began.</summary>
    public Rights Rights { get; }

    public Subscription Subscription { get; }

    /// <summary>Whether the client wants merged differences whenever it is behind at all.</summary>
    public bool Conflates { get; }

    /// <summary>Whether the server ended it. Set once, by the service; then the connection's own set forgets it.</summary>
    public bool Dropped => Volatile.Read(ref _dropped);

    /// <summary>Whether the server or the client ended the subscription, so that no more notifications may be sent.</summary>
    public bool Ended => Volatile.Read(ref _ended);

    public bool IsReady() => _outbox.TryReady(this);

    public bool IsGone => Ended || _outbox.Closed;

    public Delivery Take(Notice notice)
    {
        if (InParts(notice) is { } parts) return _outbox.TryBegin(parts, this) ? Delivery.Underway : Delivery.Refused;
        return _outbox.TryEnqueue(Frame(notice), this) ? Delivery.Taken : Delivery.Refused;
    }

    public Delivery TakeMissed(Notice? notice)
    {
        if (notice is not null && InParts(notice) is { } parts)
            return _outbox.TryCatchUp(parts, this) ? Delivery.Underway : Delivery.Refused;
        _outbox.CatchUp(notice is null ? null : Frame(notice));
        return Delivery.Taken;
    }

    public void End(Error error)
    {
        Volatile.Write(ref _dropped, true); // first: a client that has read the notice finds the subscription gone
        Leave();
        _outbox.Enqueue(FrameWriter.OfThisThread.Drop(_format, error));
    }

    /// <summary>The client ended the subscription: nothing more of it is sent.</summary>
    public void Leave() => Volatile.Write(ref _ended, true);

    private Parts? InParts(Notice notice) => _format.PartBytes > 0 && notice.Lasting && notice.Bytes > _format.PartBytes
        ? notice.In(_format, static (notice, format) => new Parts(notice, format))
        : null;

    private Frame Frame(Notice notice) => notice.In(_format, static (notice, format) => FrameWriter.OfThisThread.Notify(notice, format));
}

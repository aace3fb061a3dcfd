using SharedState.Host.Collections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>A request that a connection has read and not answered.</summary>
/// <param name="request">The request.</param>
/// <param name="replies">The replies of its connection.</param>
/// <param name="announced">The largest message that the server takes, where this is the first request of its connection; else 0.</param>
internal sealed class OpenRequest(Request request, Replies replies, int announced)
{
    public Request Request => request;

    /// <summary>Whether its bytes are charged to the budget of all connections.</summary>
    public bool IsLarge => request.MessageBytes > ByteShare.FreeBytes;

    /// <summary>Counts the requests of the connection, from 1. Set by <see cref="Replies.Expect"/>.</summary>
    public long Number { get; set; }

    /// <summary>The reply, once there is one. Guarded by the gate of <see cref="Replies"/>.</summary>
    public Frame? Reply { get; set; }

    /// <summary>The largest message that the server takes, to be told in the reply; 0 where that is not to be told.</summary>
    public int Announced => announced;

    /// <summary>When it was read, by the monotonic clock.</summary>
    public long ReceivedAt { get; set; }

    public bool HasRoom => replies.HasRoom(this);

    public bool AwaitsClient => replies.AwaitsClient;

    public ValueTask<bool> RoomAsync() => replies.RoomAsync(this);

    public void Answer(Frame reply, Error? failure = null) => replies.Answer(this, reply, failure);

    public void Refuse(Error error) => replies.Answer(this, FrameWriter.OfThisThread.Refuse(request, error, announced), error);

    /// <summary>What the service gets of it.</summary>
    public PendingRequest ToPending(Lane lane)
    {
        PendingRequest pending = request.Target switch
        {
            Target.Update => new ConnectionUpdate(this, lane),
            Target.Read => new ConnectionRead(this, lane),
            _ => new ConnectionListing(this, lane),
        };
        pending.ReceivedAt = ReceivedAt;
        return pending;
    }
}

/// <summary>An update from a connection.</summary>
internal sealed class ConnectionUpdate(OpenRequest open, Lane lane)
    : PendingUpdate(
        lane, open.Request.Update!.Update, open.Request.Update.Bytes, open.Request.Update.Terms, open.Request.Update.Lifetime)
{
    public override bool AwaitsClient => open.AwaitsClient;

    public override void Refuse(Error error)
    {
        NoteRefusal(error);
        open.Refuse(error);
    }

    protected override void Answer(Position stored) =>
        open.Answer(FrameWriter.OfThisThread.Reply(open.Request, open.Request.Update!.Named, stored, open.Announced));

    protected override void Refuse(Position position, IReadOnlyList<ItemConflict> conflicts) =>
        open.Answer(FrameWriter.OfThisThread.Refuse(open.Request, position, conflicts, open.Announced), Error.Conflict);
}

/// <summary>A read from a connection.</summary>
internal sealed class ConnectionRead(OpenRequest open, Lane lane) : PendingRead(lane, open.Request.Path.Key, open.Request.View)
{
    public override bool AwaitsClient => open.AwaitsClient;

    public override bool HasRoom => open.HasRoom;

    public override ValueTask<bool> RoomAsync() => open.RoomAsync();

    public override void Refuse(Error error) => open.Refuse(error);

    public override void Answer(ReadOnlyMemory<byte> items, Position position, long? total) =>
        open.Answer(FrameWriter.OfThisThread.Reply(open.Request, items, position, open.Announced, total));
}

/// <summary>A listing from a connection.</summary>
internal sealed class ConnectionListing(OpenRequest open, Lane lane) : PendingListing(lane, open.Request.Path.App)
{
    public override bool AwaitsClient => open.AwaitsClient;

    public override bool HasRoom => open.HasRoom;

    public override ValueTask<bool> RoomAsync() => open.RoomAsync();

    public override void Refuse(Error error) => open.Refuse(error);

    public override void Answer(CollectionNames names) => open.Answer(
        open.Request.Page is { } page
            ? FrameWriter.OfThisThread.Reply(open.Request, names.Page(page.Most, page.After), open.Announced)
            : FrameWriter.OfThisThread.Reply(open.Request, names.Text, position: null, open.Announced));
}

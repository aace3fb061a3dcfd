using SharedState.Host.Access;
using SharedState.Host.Collections;
using SharedState.Host.Contents;
using SharedState.Host.Protocol;
using SharedState.Host.Storages;

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

    /// <summary>What the client may do at the path; null if no rule is needed. Set by the dispatcher.</summary>
    public Permit? Permit { get; set; }

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

    protected override WriteRights? CurrentRights() => open.Permit!.WritesNow();

    protected override void Answer(Position stored) =>
        open.Answer(FrameWriter.OfThisThread.Reply(open.Request, open.Request.Update!.Named, Told(stored), open.Announced));

    protected override void Refuse(Position position, IReadOnlyList<ItemConflict> conflicts) =>
        open.Answer(FrameWriter.OfThisThread.Refuse(open.Request, Told(position), conflicts, open.Announced), Error.Conflict);

    private Position Told(Position position) =>
        Rights is { Tag.Length: > 0 } rights ? position with { Epoch = position.Epoch + rights.Tag } : position;
}

/// <summary>A read from a connection.</summary>
internal sealed class ConnectionRead(OpenRequest open, Lane lane) : PendingRead(lane, open.Request.Path.Key)
{
    private Rights _rights = open.Permit!.Rights;

    public override ViewDefinition Definition => _rights.Seen(open.Request.View);

    public override Error? Refusal => (_rights = open.Permit!.Now()).Read ? null : open.Permit.Refusal;

    public override bool AwaitsClient => open.AwaitsClient;

    public override bool HasRoom => open.HasRoom;

    public override ValueTask<bool> RoomAsync() => open.RoomAsync();

    public override void Refuse(Error error) => open.Refuse(error);

    public override void Answer(ReadOnlyMemory<byte> items, Position position, long? total) =>
        open.Answer(FrameWriter.OfThisThread.Reply(open.Request, items, _rights.Told(position), open.Announced, total));
}

/// <summary>A listing from a connection.</summary>
internal sealed class ConnectionListing(OpenRequest open, Lane lane) : PendingListing(lane, open.Request.Path.App)
{
    public override Error? Refusal => open.Permit!.Now().List ? null : open.Permit.Refusal;

    public override ListingSieve? Sieve { get; } =
        open.Permit!.Sieve(open.Request.Page?.Most ?? int.MaxValue, open.Request.Page?.After);

    public override bool AwaitsClient => open.AwaitsClient;

    public override bool HasRoom => open.HasRoom;

    public override ValueTask<bool> RoomAsync() => open.RoomAsync();

    public override void Refuse(Error error) => open.Refuse(error);

    public override void Answer(CollectionNames names) => open.Answer(
        open.Request.Page is { } page
            ? FrameWriter.OfThisThread.Reply(open.Request, names.Page(page.Most, page.After), open.Announced)
            : FrameWriter.OfThisThread.Reply(open.Request, names.Text, position: null, open.Announced));
}

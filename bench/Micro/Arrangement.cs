using System.Text;
using SharedState.Host.Access;
using SharedState.Host.Collections;
using SharedState.Host.Connections;
using SharedState.Host.Contents;
using SharedState.Host.Protocol;

namespace SharedState.Micro;

/// <summary>A collection in memory with its subscribers, without service, storage or sockets: all that the benchmarks know of the host's
/// parts.</summary>
internal sealed class Arrangement
{
    private const string Path = "/app/items/collection";

    private static readonly Limits _limits = new();
    private static readonly PathMemory _paths = new(); // as of a connection that names the same collection again and again
    private List<Frame> _taken = [];
    private readonly List<Outbox> _outboxes = [];
    private readonly Collection _collection = NewCollection();
    private readonly Request[] _updates;
    private long _revision = 1;
    private int _next;

    public Arrangement(int items, int subscribers)
    {
        _updates = [.. Updates.Batches(items, 1).Select(batch => Read(Put(batch[0])))];
        var log = new ItemLog(_limits.Tombstones);
        var stored = _updates[..items]
            .Select(request => request.Update!.Update.Insert[0])
            .Select(item => new StoredItem(item.Id, item.Json, 1));
        log.Load(new StoredCollection(new Position("epoch", 1), [.. stored]));
        _collection.Load(log);
        for (var n = 0; n < subscribers; n++)
        {
            _outboxes.Add(new(_limits.OutboxBytes));
            Subscribe(since: null, _outboxes[n]);
        }
        Drain();
    }

    /// <summary>An empty collection, which no service reads or commits.</summary>
    public static Collection NewCollection() => new(
        Updates.Key, _limits, new(_limits.Memory, MemoryShare.OfService), new(long.MaxValue, _ => { }, TaskScheduler.Default),
        TimeProvider.System, new());

    /// <summary>Reads a PUT of one item.</summary>
    public static Request Read(byte[] message) => RequestReader.Read(message, _limits, _paths);

    /// <summary>The message of a PUT of one item.</summary>
    public static byte[] Put(ItemUpdate update) =>
        Encoding.UTF8.GetBytes(
            $$"""{"type":"REQUEST","cmd":"PUT","path":"{{Path}}","arg":{"insert":[{{Encoding.UTF8.GetString(update.Insert[0].Json.Span)}}]},"tunnel":17}"""
        );

    /// <summary>The reply to such a request.</summary>
    public static Frame Reply(Request request) =>
        FrameWriter.OfThisThread.Reply(request, 1, new Position("0123456789abcdef", 4_711), announced: 0);

    /// <summary>Applies the next update of one item, tells all subscribers, and takes the frames from their outboxes as their connections
    /// would.</summary>
    public void Apply()
    {
        ApplyOnly();
        Drain();
    }

    /// <summary>Applies updates that nobody is told of, and tells the position before them.</summary>
    public Position Advance(int updates)
    {
        var before = _collection.Position;
        for (var n = 0; n < updates; n++) ApplyOnly();
        return before;
    }

    /// <summary>Serves a client that was away since a position (null: that comes for the first time), with nothing built before.</summary>
    public Frame FrameSince(Position? since)
    {
        _collection.ForgetBodies();
        var outbox = new Outbox(_limits.OutboxBytes);
        var follower = Subscribe(since, outbox);
        Drain(outbox);
        _collection.Remove(follower.Subscription);
        return _taken[0];
    }

    private SocketFollower Subscribe(Position? since, Outbox outbox)
    {
        var options = since is { } known
            ? $$""","arg":{"insert":[["{{Path}}",{"since":{{known.Revision}},"epoch":"{{known.Epoch}}"}]]}"""
            : $$""","arg":{"insert":[["{{Path}}",{}]]}""";
        var request = Read(Encoding.UTF8.GetBytes($$"""{"type":"REQUEST","cmd":"PUT","path":"/subs"{{options}}}"""));
        var follower = new SocketFollower(request.Subscriptions!.Insert[0], Rights.All, new Lane(null!), outbox);
        _collection.Add(follower.Subscription);
        return follower;
    }

    private void ApplyOnly()
    {
        _collection.TryReceive(_updates[_next++ % _updates.Length].Update!.Update, ++_revision);
        _collection.Tell();
    }

    private void Drain()
    {
        foreach (var outbox in _outboxes) Drain(outbox);
    }

    private void Drain(Outbox outbox)
    {
        _taken.Clear();
        if (outbox.Take(ref _taken, 0) != Outgoing.Frames) throw new InvalidOperationException("There was no frame to take.");
        foreach (var frame in _taken) outbox.Wrote(frame.Length);
    }
}

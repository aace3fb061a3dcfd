using SharedState.Bench.Load.Checks;
using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Native;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Trials;

/// <summary>One contestant's server, or several of its servers, with all who are connected to them, ready to be measured again and
/// again.</summary>
internal sealed class Stage : IDisposable
{
    private const int HandshakesAtOnce = 128; // below any server's backlog
    private const double Patience = 60;       // seconds
    private const long Calm = 50_000_000;     // nanoseconds in which hardly any processor time is used

    private readonly List<Link> _links = [];
    private readonly List<Link> _opening = [];

    private readonly List<ServerProcess> _servers = [];

    public Stage(Loop loop, params IEnumerable<Setup> setups)
    {
        Loop = loop;
        try
        {
            foreach (var setup in setups) _servers.Add(new(setup));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public Loop Loop { get; }

    /// <summary>The only server, or the first.</summary>
    public ServerProcess Server => _servers[0];

    public IReadOnlyList<ServerProcess> Servers => _servers;

    /// <summary>What all servers have used of the processor, in nanoseconds.</summary>
    public long ProcessorTime => _servers.Sum(server => server.ProcessorTime);

    /// <summary>The processor time of the servers' threads that compile hot code again, in nanoseconds.</summary>
    public long CompileTime => _servers.Sum(server => server.CompileTime);

    public Contestant Contestant => Server.Contestant;

    public Dialect Dialect => Contestant.Dialect;

    public List<Room> Rooms { get; } = [];

    public List<Writer> Writers { get; } = [];

    /// <summary>Updates that subscribers got, merged ones included.</summary>
    public long Covered => Rooms.Sum(room => room.Covered);

    /// <summary>Messages that subscribers got.</summary>
    public long Deliveries => Rooms.Sum(room => room.Deliveries);

    public long Acknowledged => Writers.Sum(writer => writer.Acknowledged);

    /// <summary>A room that so many writers will write to; with one, everybody's order is the same.</summary>
    public Room AddRoom(string name, int writers)
    {
        var order = writers > 1 || Contestant.Dialect is HubDialect ? Contestant.Order : Order.ByRevision;
        var room = new Room(name, order, writers);
        Rooms.Add(room);
        return room;
    }

    /// <summary>Connects clients, not more at once than a server's backlog takes.</summary>
    public Link[] Connect(int count) => Connect(count, Server);

    /// <summary>Connects clients to one of several servers.</summary>
    public Link[] Connect(int count, ServerProcess server)
    {
        var links = new Link[count];
        for (var index = 0; index < count; index++)
        {
            if (_opening.Count == HandshakesAtOnce) Opened(HandshakesAtOnce / 2);
            links[index] = new(Loop, Dialect, server.Port, _links.Count);
            _links.Add(links[index]);
            _opening.Add(links[index]);
        }
        Opened(0);
        foreach (var link in links) Dialect.Greet(link);
        Answered(links);
        return links;
    }

    /// <summary>Ends clients, and waits until the server has got over it.</summary>
    public void Disconnect(IReadOnlyCollection<Link> links)
    {
        foreach (var link in links) link.Dispose();
        var ended = links.ToHashSet();
        _links.RemoveAll(ended.Contains);
        var used = Server.ProcessorTime;
        var looks = Clock.Now + Calm;
        Loop.Until(() =>
        {
            if (Clock.Now < looks) return false;
            var before = used;
            (used, looks) = (Server.ProcessorTime, Clock.Now + Calm);
            return used - before < Calm / 20;
        }, Patience, "the server to be calm again");
    }

    /// <summary>Makes clients followers of a room, and waits until they have it.</summary>
    public void Follow(Room room, params Link[] links)
    {
        foreach (var link in links)
        {
            link.Subscriber = new(room);
            room.Subscribers.Add(link.Subscriber);
            Dialect.Follow(link, room.Name);
        }
        Answered(links);
        if (!Contestant.IsShared) room.Subscribers.ForEach(subscriber => subscriber.Begin());
        Loop.Until(() => room.Subscribers.TrueForAll(subscriber => subscriber.Ready), Patience, "the subscribers' first notification");
        room.Begin(room.Subscribers[0].Revision);
    }

    /// <summary>Makes a client a writer of a room.</summary>
    public void AddWriter(Link link, Room room, Item item, int itemsPerUpdate = 1)
    {
        if (link.Subscriber is null) Dialect.Write(link, room.Name);
        link.Writer = new(link, Dialect, room, room.Writers.Count, item, itemsPerUpdate);
        room.Writers.Add(link.Writer);
        Writers.Add(link.Writer);
        Answered(link);
    }

    /// <summary>Sends requests that are answered, and waits for that.</summary>
    public void Ask(Link link, IEnumerable<string> requests)
    {
        foreach (var request in requests) link.Ask(request);
        Answered(link);
    }

    /// <summary>Lets the writers end; everything that was sent must be acknowledged, and have come to everybody.</summary>
    public void Drain()
    {
        foreach (var writer in Writers) writer.Window = 0;
        Loop.Until(() => Writers.TrueForAll(writer => writer.Idle), Patience, "acknowledgements");
        Loop.Until(() => Rooms.TrueForAll(room => room.Complete), Patience, "every update to come to every subscriber");
        foreach (var room in Rooms) room.CheckLast();
    }

    public void Dispose()
    {
        foreach (var link in _links) link.Dispose();
        foreach (var server in _servers) server.Dispose();
    }

    private void Opened(int atMost)
    {
        Loop.Until(() => _opening.RemoveAll(link => link.Open) >= 0 && _opening.Count <= atMost, Patience, "handshakes");
    }

    private void Answered(params Link[] links) => Loop.Until(() => Array.TrueForAll(links, link => link.Answered), Patience, "answers");
}

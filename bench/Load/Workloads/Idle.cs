using SharedState.Bench.Load.Checks;
using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Native;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Workloads;

/// <summary>Connections that follow a collection in which nothing happens: their memory, and how fast they come.</summary>
internal sealed class Idle : Workload
{
    /// <summary>The row that stands for a fixed goal.</summary>
    public const string Modest = "10 KB";

    private const double ModestBytes = 10_000;
    private const int Items = 10, Forerunners = 100, AtOnce = 64, ItemBytes = 100;
    private const double Patience = 60; // seconds
    private const string RoomName = "r0";

    public override string Name => "idle";

    public override void Run(Bench bench)
    {
        foreach (var connections in new[] { 1_000, 5_000, 10_000 })
        {
            var cell = $"{Name}/{connections}";
            if (bench.Wants(cell)) Run(bench, cell, connections);
        }
    }

    /// <summary>Measures servers that are new in each round, since one that had as many connections before keeps some of their
    /// memory.</summary>
    private static void Run(Bench bench, string cell, int connections)
    {
        var rows = bench
            .Usual.Select(contestant => (Contestant: contestant, Memory: new List<Figures>(), Connect: new List<Figures>()))
            .ToArray();
        for (var round = 0; round < bench.Rounds; round++)
        {
            foreach (var row in rows)
            {
                Bench.Guarded(cell, row.Contestant.Label, () =>
                {
                    var (memory, connect) = Once(bench, row.Contestant, connections);
                    row.Memory.Add(memory);
                    row.Connect.Add(connect);
                });
            }
        }
        var memory = rows.Select(row => (row.Contestant.Label, row.Contestant.IsShared, Figures.Median(row.Memory)));
        bench.Report($"{cell}/memory", Unit.BytesPerConnection, [.. memory, (Modest, false, new() { Value = ModestBytes })]);
        bench.Report($"{cell}/connect", Unit.ConnectionsPerSecond, rows.Select(row => (row.Contestant, Figures.Median(row.Connect))));
    }

    private static (Figures Memory, Figures Connect) Once(Bench bench, Contestant contestant, int connections)
    {
        var quiet = bench.Quick ? 1 : 5;
        using var stage = new Stage(bench.Loop, new Setup(contestant));
        if (contestant.IsShared) new Content(stage, RoomName, Items).Fill();
        var room = stage.AddRoom(RoomName, writers: 1);
        stage.AddWriter(stage.Connect(1)[0], room, new(ItemBytes));

        // :: Step 1 - a few come and go, so that code and pools are there
        Come(stage, new(RoomName, Order.ByRevision, 1), Forerunners, out var first);
        Go(stage, first);
        Rest.For(stage, quiet);

        // :: Step 2 - all come, and nothing happens
        var before = stage.Server.Resident;
        Come(stage, room, connections, out var links);
        Rest.For(stage, quiet);
        var memory = new Figures { Value = (double)(stage.Server.Resident - before) / connections };

        // :: Step 3 - all were there: each gets an update
        room.Begin(room.Subscribers[0].Revision);
        stage.Writers[0].Send();
        stage.Drain();
        room.Subscribers.Clear();
        Go(stage, links);

        // :: Step 4 - all come again, to a server that has seen as many
        var connect = Come(stage, new(RoomName, Order.ByRevision, 1), connections, out links);
        Go(stage, links);
        return (memory, connect);
    }

    /// <summary>Connects clients that follow the room, some at a time; each is done when it has its first notification, or its
    /// answer.</summary>
    private static Figures Come(Stage stage, Room room, int count, out List<Link> links)
    {
        var (come, underWay) = (new List<Link>(), new List<Link>());
        var (begin, thread, process) = (Clock.Now, Clock.ThreadTime, stage.Server.ProcessorTime);
        stage.Loop.Until(Done, Patience, "connections");
        var (time, busy, processor) = (Clock.Now - begin, Clock.ThreadTime - thread, stage.Server.ProcessorTime - process);
        links = come;
        return new() { Value = count * 1e9 / time, Processor = processor / 1e3 / count, Busy = (double)busy / time };

        bool Done()
        {
            underWay.RemoveAll(HasFollowed);
            while (underWay.Count < AtOnce && come.Count < count)
            {
                underWay.Add(new(stage.Loop, stage.Dialect, stage.Server.Port, come.Count));
                come.Add(underWay[^1]);
            }
            return underWay.Count == 0;
        }

        bool HasFollowed(Link link)
        {
            if (link is { Open: true, Subscriber: null })
            {
                link.Subscriber = new(room);
                room.Subscribers.Add(link.Subscriber);
                Follow(stage, link);
            }
            return link is { Answered: true, Subscriber.Ready: true };
        }
    }

    /// <summary>One message for all of them; the ceilings' usual second one, which sets their acknowledgement, is the writer's
    /// only.</summary>
    private static void Follow(Stage stage, Link link)
    {
        if (stage.Contestant.IsShared)
        {
            stage.Dialect.Follow(link, RoomName);
            return;
        }
        link.Ask($"F {RoomName}");
        link.Subscriber!.Begin();
    }

    private static void Go(Stage stage, List<Link> links)
    {
        foreach (var link in links) link.Dispose();
        Rest.Until(stage);
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Native;
using SharedState.Bench.Load.Report;
using SharedState.Bench.Load.Trials;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Workloads;

/// <summary>A thousand clients, each with an ephemeral item, whose connections all end at once: the updates and notifications that follow,
/// and the time until a follower has the last one.</summary>
internal sealed class Presence : Workload
{
    private const int Clients = 1_000;
    private const double Patience = 60, Silence = 1; // seconds
    private const string RoomName = "people";

    public override string Name => "presence";

    public override void Run(Bench bench)
    {
        var rounds = bench.Shared.Select(contestant => (Contestant: contestant, Leaves: new List<Leave>())).ToArray();
        for (var round = 0; round < bench.Rounds; round++)
        {
            foreach (var (contestant, leaves) in rounds)
                Bench.Guarded(Name, contestant.Label, () => leaves.Add(Once(bench, contestant)));
        }
        Report("updates", Unit.Updates, leave => leave.Updates);
        Report("notifications", Unit.Notifications, leave => leave.Notifications);
        Report("delay", Unit.Milliseconds, leave => leave.Milliseconds);

        void Report(string cell, Unit unit, Func<Leave, double> value) => bench.Report($"{Name}/{Clients}/{cell}", unit, rounds.Select(
            row => (row.Contestant, Figures.Median([.. row.Leaves.Select(leave => new Figures { Value = value(leave) })]))));
    }

    private static Leave Once(Bench bench, Contestant contestant)
    {
        // :: Step 1 - all come, and one follows
        using var stage = new Stage(bench.Loop, new Setup(contestant));
        var links = stage.Connect(Clients);
        for (var index = 0; index < Clients; index++)
        {
            var insert = $$"""{"insert":[{"id":"{{index}}","name":"client {{index}}"}],"ephemeral":true}""";
            var path = SharedDialect.Path(RoomName);
            stage.Ask(links[index], [$$"""{"type":"REQUEST","cmd":"PUT","path":"{{path}}","tunnel":0,"arg":{{insert}}}"""]);
        }
        var follower = stage.Connect(1)[0];
        var room = stage.AddRoom(RoomName, writers: 1);
        stage.Follow(room, follower);
        var seen = new Seen(stage.Dialect, room.Subscribers[0].Revision);
        follower.Taker = seen.Take;

        // :: Step 2 - all go
        var begin = Clock.Now;
        foreach (var link in links) link.Dispose();
        stage.Loop.Until(() => seen.Left == 0, Patience, "all clients to be gone");
        var end = seen.At;
        Rest.For(stage, Silence); // no second notification follows
        return new(seen.Updates, seen.Notifications, (end - begin) / 1e6);
    }

    private readonly record struct Leave(long Updates, int Notifications, double Milliseconds);

    /// <summary>What the follower gets.</summary>
    private sealed class Seen(Dialect dialect, long revision)
    {
        private readonly HashSet<int> _left = [.. Enumerable.Range(0, Clients)];
        private byte[] _rest = []; // the beginning of a frame
        private long _revision = revision;

        /// <summary>The number of clients whose items have not been removed.</summary>
        public int Left => _left.Count;

        public int Notifications { get; private set; }

        public long Updates { get; private set; }

        /// <summary>The time of the last notification.</summary>
        public long At { get; private set; }

        public void Take(ReadOnlySpan<byte> bytes)
        {
            ReadOnlySpan<byte> rest = [.. _rest, .. bytes];
            while (FrameScanner.TryRead(rest, out var payload, out _, out var opcode) is > 0 and var length)
            {
                if (opcode is not (FrameScanner.Ping or FrameScanner.Pong)) Read(payload);
                rest = rest[length..];
            }
            _rest = rest.ToArray();
        }

        private void Read(ReadOnlySpan<byte> payload)
        {
            var text = Encoding.UTF8.GetString(payload);
            if (!dialect.TryRead(ref payload, out var message) || message.Kind != MessageKind.Notice)
                throw new Violation($"unexpected: {text}");
            At = Clock.Now;
            Notifications++;
            Updates += message.Revision - _revision;
            _revision = message.Revision;
            using var notice = JsonDocument.Parse(text);
            var data = notice.RootElement.GetProperty("data");
            // The collection is empty: the server may send that instead of a thousand removals.
            if (data.GetProperty("reset").GetBoolean())
            {
                if (data.TryGetProperty("insert", out var items) && items.GetArrayLength() > 0) throw new Violation($"not empty: {text}");
                _left.Clear();
                return;
            }
            foreach (var id in data.GetProperty("remove").EnumerateArray())
            {
                if (!_left.Remove(int.Parse(id.GetString()!, CultureInfo.InvariantCulture)))
                    throw new Violation($"{id} was removed twice");
            }
        }
    }
}

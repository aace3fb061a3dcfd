using System.Buffers;
using SharedState.Bench.Load.Checks;
using SharedState.Bench.Load.Contestants;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Trials;

/// <summary>Asks hosts what a collection holds when everything has come to its end.</summary>
internal static class FinalState
{
    private const double Patience = 60; // seconds

    /// <summary>All must stand at the last update and hold the same items; where one writer wrote, the last that it sent of each.</summary>
    public static void Check(Stage stage, Room room, IReadOnlyList<ServerProcess> hosts)
    {
        Notification? first = null;
        for (var host = 0; host < hosts.Count; host++)
        {
            var state = Notification.Read(Ask(stage, room, hosts[host]));
            if (!state.Reset || state.Revision != room.Base + room.Sent)
                throw new Violation(
                    $"after {room.Sent} updates of {room.Name} host {host} stands at {state.Revision} instead of {room.Base + room.Sent}");
            first ??= state;
            if (
                state.Epoch != first.Epoch
                || state.Items.Count != first.Items.Count
                || state.Items.Any(item => !first.Items.TryGetValue(item.Key, out var its) || its != item.Value))
                throw new Violation($"hosts 0 and {host} do not hold the same items of {room.Name}");
        }
        if (room.Writers.Count == 1) CheckLast(room, first!);
    }

    /// <summary>The writer goes through the ids in turn, from update to update.</summary>
    private static void CheckLast(Room room, Notification state)
    {
        var ids = Math.Min(room.Sent, state.Items.Count);
        for (var update = room.Sent; update > room.Sent - ids; update--)
        {
            if (!state.Items.Values.Any(item => item.Stamp.Update == update))
                throw new Violation($"update {update} of {room.Name} is not in the state at the end");
        }
    }

    private static byte[] Ask(Stage stage, Room room, ServerProcess host)
    {
        using var link = new Link(stage.Loop, stage.Dialect, host.Port);
        stage.Loop.Until(() => link.Open, Patience, "a handshake");
        var answer = new ArrayBufferWriter<byte>();
        link.Taker = bytes => answer.Write(bytes);
        link.Ask(SharedDialect.Subscribe(room.Name));
        stage.Loop.Until(() => Fetch.Frames(answer.WrittenSpan) == 2, Patience, "a collection as it is");
        return answer.WrittenSpan.ToArray();
    }
}

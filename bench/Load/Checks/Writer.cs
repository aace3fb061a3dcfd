using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Checks;

/// <summary>One who sends updates to a room, and checks that each is acknowledged, in order.</summary>
internal sealed class Writer(Link link, Dialect dialect, Room room, int number, Item item, int itemsPerUpdate = 1)
{
    /// <summary>Updates sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Updates that the server has acknowledged.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>How many may be sent and not acknowledged; more are sent by themselves while there are fewer.</summary>
    public int Window { get; set; }

    /// <summary>Whether nothing is in flight.</summary>
    public bool Idle => Sent == Acknowledged;

    /// <summary>Sends one update, whatever the window.</summary>
    public void Send()
    {
        Add();
        link.Flush();
    }

    /// <summary>Sends as many as the window allows, in one go.</summary>
    public void TopUp()
    {
        if (Sent - Acknowledged >= Window) return;
        while (Sent - Acknowledged < Window) Add();
        link.Flush();
    }

    public void Acknowledge(in Message message)
    {
        Acknowledged++;
        if (message.Update >= 0 && message.Update != Acknowledged)
            throw new Violation($"a writer of {room.Name} got the reply to update {message.Update} where that to {Acknowledged} was due");
        if (Acknowledged > Sent) throw new Violation($"a writer of {room.Name} got more replies than it sent updates");
    }

    private void Add() => dialect.Update(link.Outgoing, room.Name, new(item, itemsPerUpdate, new(number, ++Sent)));
}

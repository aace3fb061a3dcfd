using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>
/// One connection's requests with one writer, in order: those that cannot run yet, and what they wait for. Touched by that writer's loop
/// only; a connection that turns to another service gets another lane, once this one's requests are answered.
/// </summary>
internal sealed class RequestLane(Replies replies)
{
    public Replies Replies => replies;

    /// <summary>Requests that cannot run yet.</summary>
    public Queue<Request> Waiting { get; } = new();

    /// <summary>Updates that are being committed, or wait for it.</summary>
    public int Commits { get; set; }

    /// <summary>Whether it is among those that wait for a collection.</summary>
    public bool Parked { get; set; }

    /// <summary>Whether its first waiting request's reply waits for the client to read.</summary>
    public bool AwaitsRoom { get; set; }

    /// <summary>Whether its first waiting request is a listing that is being made.</summary>
    public bool Listing { get; set; }
}

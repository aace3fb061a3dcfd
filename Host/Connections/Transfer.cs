namespace SharedState.Host.Connections;

/// <summary>A large notification on its way to one client, part by part. Guarded by the gate of its <see cref="Outbox"/>.</summary>
internal sealed class Transfer(Parts parts, SocketFollower follower)
{
    private int _next;

    public SocketFollower Follower => follower;

    /// <summary>Whether the last part was taken, or the subscription has ended.</summary>
    public bool Done => _next == parts.Count || follower.Ended;

    /// <summary>The next part.</summary>
    public Frame Take() => parts[_next++];
}

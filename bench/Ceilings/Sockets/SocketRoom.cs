using System.Collections.Immutable;

namespace SharedState.Bench.Ceilings.Sockets;

/// <summary>The members that follow one room.</summary>
internal sealed class SocketRoom
{
    private ImmutableArray<SocketMember> _followers = [];

    public void Add(SocketMember member) => ImmutableInterlocked.Update(ref _followers, (all, added) => all.Add(added), member);

    public void Remove(SocketMember member) => ImmutableInterlocked.Update(ref _followers, (all, removed) => all.Remove(removed), member);

    public async ValueTask BroadcastAsync(ReadOnlyMemory<byte> message)
    {
        foreach (var follower in _followers) await follower.SendAsync(message);
    }
}

using SharedState.Bench.Load.Checks;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Trials;

/// <summary>Clients who follow a room to which nobody writes, and do nothing but answer pings.</summary>
internal sealed class Crowd
{
    private readonly Stage _stage;
    private readonly Room _room;
    private readonly List<Link> _links = [];

    public Crowd(Stage stage)
    {
        _stage = stage;
        _room = stage.AddRoom("idle", writers: 0);
    }

    /// <summary>How often they were pinged.</summary>
    public long Pings => _links.Sum(link => link.Pings);

    /// <summary>Lets as many come or go as are needed to be so many.</summary>
    public void Become(int count)
    {
        if (_links.Count > count)
        {
            var gone = _links[count..];
            _links.RemoveRange(count, gone.Count);
            _room.Subscribers.RemoveRange(count, gone.Count);
            _stage.Disconnect(gone);
        }
        if (_links.Count == count) return;
        var come = _stage.Connect(count - _links.Count);
        _links.AddRange(come);
        _stage.Follow(_room, come);
        foreach (var link in come) _stage.Loop.Defer(link);
    }
}

using SharedState.Bench.Load.Native;

namespace SharedState.Bench.Load.Trials;

/// <summary>When a stage's writers send their updates.</summary>
internal abstract class Pace
{
    /// <summary>Lets the writers begin.</summary>
    public virtual void Begin(Stage stage)
    {
    }

    /// <summary>Sends what is due; returns for how many nanoseconds nothing else will be.</summary>
    public virtual long Turn(Stage stage) => long.MaxValue;
}

/// <summary>Each writer has so many updates in flight, and sends the next with each acknowledgement.</summary>
internal sealed class Window(int updates) : Pace
{
    public override void Begin(Stage stage)
    {
        foreach (var writer in stage.Writers)
        {
            writer.Window = updates;
            writer.TopUp();
        }
    }
}

/// <summary>The next update goes out when the last is acknowledged and everybody has it.</summary>
internal sealed class OneAtATime : Pace
{
    public override long Turn(Stage stage)
    {
        var (writer, room) = (stage.Writers[0], stage.Rooms[0]);
        if (writer.Idle && room.Complete) writer.Send();
        return long.MaxValue;
    }
}

/// <summary>One writer sends at a rate, whether or not the server keeps up; latencies count from when an update was due.</summary>
internal sealed class Steady(double updatesPerSecond) : Pace
{
    private readonly long _interval = (long)(1e9 / updatesPerSecond);
    private long _due;

    public override void Begin(Stage stage) => _due = Clock.Now + _interval;

    public override long Turn(Stage stage)
    {
        for (var now = Clock.Now; _due <= now; _due += _interval)
        {
            stage.Rooms[0].Due(stage.Writers[0].Sent + 1, _due);
            stage.Writers[0].Send();
        }
        return _due - Clock.Now;
    }
}

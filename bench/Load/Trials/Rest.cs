using SharedState.Bench.Load.Native;

namespace SharedState.Bench.Load.Trials;

/// <summary>Waits before something is measured that what went before would blur.</summary>
internal static class Rest
{
    private const int Look = 20_000_000, Calm = 1_000_000; // nanoseconds: at rest is who uses less than 5 % of a core
    private const double Patience = 30;                    // seconds

    /// <summary>Waits until a server has finished what it was left with, such as connections that ended.</summary>
    public static void Until(Stage stage)
    {
        var (looked, used) = (Clock.Now, stage.Server.ProcessorTime);
        stage.Loop.Until(Calms, Patience, "the server to come to rest");

        bool Calms()
        {
            if (Clock.Now - looked < Look) return false;
            var before = used;
            (looked, used) = (Clock.Now, stage.Server.ProcessorTime);
            return used - before < Calm;
        }
    }

    /// <summary>Waits for some seconds, whatever the server does.</summary>
    public static void For(Stage stage, double seconds)
    {
        for (var end = Clock.Now + (long)(seconds * 1e9); Clock.Now < end;) stage.Loop.Turn(end - Clock.Now);
    }
}

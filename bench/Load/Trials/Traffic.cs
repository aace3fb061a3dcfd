using SharedState.Bench.Load.Checks;
using SharedState.Bench.Load.Native;

namespace SharedState.Bench.Load.Trials;

/// <summary>Lets a stage's writers run at a pace for a while, and measures what came of it.</summary>
internal static class Traffic
{
    private const long Quiet = 5_000_000_000; // nanoseconds without compiling, after which a server is warm
    private const long Trifle = 2_000_000;    // nanoseconds of compiling in a second that do not count

    /// <summary>Runs once: a while to get going, then the window that is measured, then everything comes to its end and is
    /// checked.</summary>
    /// <param name="stage">Whose traffic.</param>
    /// <param name="pace">When updates are sent.</param>
    /// <param name="count">What is counted: deliveries, acknowledgements.</param>
    /// <param name="warmUp">Seconds before the window.</param>
    /// <param name="seconds">The window.</param>
    /// <param name="latencies">Whether latencies are measured.</param>
    public static Figures Run(Stage stage, Pace pace, Func<Stage, long> count, double warmUp, double seconds, bool latencies = false)
    {
        pace.Begin(stage);
        Serve(stage, pace, warmUp);
        var histogram = latencies ? new Latencies() : null;
        Time(stage, histogram);

        var (counted, merged) = (count(stage), Merged(stage));
        var (begin, thread, process) = (Clock.Now, Clock.ThreadTime, stage.ProcessorTime);
        Serve(stage, pace, seconds);
        // With many subscribers the slowest ceiling takes longer than a window for what is in flight.
        for (var more = 0; more < 20 && count(stage) == counted; more++) Serve(stage, pace, seconds);
        var (time, busy, processor) = (Clock.Now - begin, Clock.ThreadTime - thread, stage.ProcessorTime - process);
        counted = count(stage) - counted;
        merged = Merged(stage) - merged;

        stage.Drain();
        Time(stage, null);
        if (counted == 0) throw new Violation($"{stage.Contestant.Label} did nothing in {seconds * 21} s");
        return new()
        {
            Value = counted * 1e9 / time,
            Processor = processor / 1e3 / counted,
            Busy = (double)busy / time,
            Merged = merged,
            Middle = histogram?.Percentile(50),
            Late = histogram?.Percentile(99),
            Longest = histogram?.Longest,
        };
    }

    /// <summary>Lets a stage's traffic run until its servers no longer compile hot code again, or for the longest time.</summary>
    /// <param name="stage">Whose traffic.</param>
    /// <param name="pace">When updates are sent.</param>
    /// <param name="longest">Seconds.</param>
    public static void WarmUp(Stage stage, Pace pace, double longest)
    {
        pace.Begin(stage);
        var (begin, quiet, compiled) = (Clock.Now, Clock.Now, stage.CompileTime);
        while (Clock.Now - begin < longest * 1e9 && Clock.Now - quiet < Quiet)
        {
            Serve(stage, pace, Math.Min(1, longest));
            var now = stage.CompileTime;
            if (now - compiled is > Trifle or < 0) quiet = Clock.Now;
            compiled = now;
        }
        stage.Drain();
    }

    /// <summary>Serves the clients for some seconds, while the writers send what is due.</summary>
    public static void Serve(Stage stage, Pace pace, double seconds)
    {
        for (var (now, end) = (Clock.Now, Clock.Now + (long)(seconds * 1e9)); now < end; now = Clock.Now)
            stage.Loop.Turn(Math.Clamp(Math.Min(pace.Turn(stage), end - now), 0, long.MaxValue));
    }

    private static void Time(Stage stage, Latencies? latencies)
    {
        foreach (var room in stage.Rooms) room.Subscribers.ForEach(subscriber => subscriber.Latencies = latencies);
    }

    private static long Merged(Stage stage) => stage.Covered - stage.Deliveries;
}

using System.Diagnostics;

namespace SharedState.Bench.Load.Native;

/// <summary>Time and processor time, all in nanoseconds.</summary>
internal static unsafe class Clock
{
    private const int OwnThread = 3;   // CLOCK_THREAD_CPUTIME_ID
    private const int TimerSlack = 29; // PR_SET_TIMERSLACK

    /// <summary>Lets waits end when they should; else the kernel takes 50 us more.</summary>
    public static void Sharpen() => _ = Libc.SetProcess(TimerSlack, 1, 0, 0, 0);

    /// <summary>The monotonic clock.</summary>
    public static long Now => Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);

    /// <summary>What the calling thread has used.</summary>
    public static long ThreadTime => Read(OwnThread);

    /// <summary>What a process has used with all its threads: the sum of utime and stime in /proc, but finer than their 10 ms.</summary>
    public static long ProcessTime(int process) => Read((~process << 3) | 2); // as clock_getcpuclockid makes it

    private static long Read(int clock)
    {
        TimeSpec time;
        if (Libc.ReadClock(clock, &time) < 0) throw Libc.Failure("clock_gettime");
        return time.Seconds * 1_000_000_000 + time.Nanoseconds;
    }
}

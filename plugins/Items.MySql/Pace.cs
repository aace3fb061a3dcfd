using System.Diagnostics;

namespace SharedState.Items.MySql;

/// <summary>
/// When to ask next: soon while something happens, more rarely otherwise, and at once when another host says that it has stored something.
/// </summary>
/// <remarks>Threads: one waits; anyone may wake it.</remarks>
internal sealed class Pace(TimeSpan interval)
{
    /// <summary>How often it is asked at most, however often this is woken: what was stored meanwhile is told together.</summary>
    private static readonly TimeSpan _least = TimeSpan.FromMilliseconds(5);

    /// <summary>How rarely at most: a list must come each second, and tell of what was committed before it was asked for.</summary>
    private static readonly TimeSpan _longest = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan _calm = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _rarely = 4 * interval < _longest ? 4 * interval : _longest;

    private long _lastEvent = Stopwatch.GetTimestamp();
    private int _urgent;
    private volatile bool _waitsLong;
    private volatile TaskCompletionSource _signal = NewSignal();

    /// <summary>Something happened, and more may: the next asking is no further off than the interval.</summary>
    public void Stir()
    {
        Volatile.Write(ref _lastEvent, Stopwatch.GetTimestamp());
        if (_waitsLong) _signal.TrySetResult();
    }

    /// <summary>Another host stored something: the next asking is now.</summary>
    public void Wake()
    {
        Volatile.Write(ref _urgent, 1);
        Stir();
        _signal.TrySetResult();
    }

    /// <summary>Waits until it is time to ask again.</summary>
    /// <param name="last">When it was asked last, by <see cref="Stopwatch"/>.</param>
    /// <param name="stop">Ends the waiting.</param>
    public async Task WaitAsync(long last, CancellationToken stop)
    {
        while (true)
        {
            // Both before it is read what happened: who comes after that signals, and to this one.
            if (_signal.Task.IsCompleted) _signal = NewSignal();
            _waitsLong = true;
            var calm = Stopwatch.GetElapsedTime(Volatile.Read(ref _lastEvent)) > _calm;
            _waitsLong = calm;
            var pause = Volatile.Read(ref _urgent) != 0 ? _least : calm ? _rarely : interval;
            var left = pause - Stopwatch.GetElapsedTime(last);
            if (left <= TimeSpan.Zero) break;
            await _signal.Task.WaitAsync(left, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.ThrowIfCancellationRequested();
        }
        _waitsLong = false;

        // Who wakes from here on wants an asking after this one.
        Volatile.Write(ref _urgent, 0);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

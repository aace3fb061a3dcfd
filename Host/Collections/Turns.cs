using System.Collections.Concurrent;

namespace SharedState.Host.Collections;

/// <summary>A place in the code of <see cref="Turns"/> at which a test may let another thread go first.</summary>
internal enum TurnPoint
{
    /// <summary>Work was added; no turn is scheduled for it yet.</summary>
    Posted,

    /// <summary>The turn found no more work, and has not ended yet.</summary>
    FoundNothing,

    /// <summary>The turn has ended; its thread has not looked for work again yet.</summary>
    Ended,

    /// <summary>A scheduled turn has begun, and has not looked for work yet.</summary>
    Scheduled,
}

/// <summary>
/// Lets a service's work run in turns: one thread at a time, in the order in which it was posted. No thread belongs to a service at rest.
/// </summary>
/// <remarks>
/// No wake-up is lost. Let P add work W to the inbox.
/// <list type="number">
/// <item>P is the thread that has the turn (<c>_thread</c>): the turn ends only after a look at the inbox that comes later in program
/// order, and finds W.</item>
/// <item>P finds <c>_scheduled</c> at 0 and sets it to 1: P schedules a call of <see cref="RunScheduled"/>, which comes after W.</item>
/// <item>P finds <c>_scheduled</c> at 1: a scheduled call is yet to set it to 0. That exchange comes after P's exchange, which is a full
/// fence after W was added, so the call sees W.</item>
/// </list>
/// The call of 2 or 3 looks at the inbox with W in it. It takes the turn, or it finds <c>_running</c> at 1. In that case another thread R
/// has the turn. R sets <c>_running</c> to 0, passes a full fence, and looks at the inbox. The call's compare-exchange failed before R's
/// write, and is a full fence after the call saw W, so R sees W and takes the turn again. <see cref="TurnPoint"/> names the places between
/// these steps; tests force the interleavings there.
/// </remarks>
/// <param name="scheduler">Runs the turns.</param>
/// <param name="run">Runs a piece of work; gets null when there is none left. Must not throw.</param>
/// <param name="after">Is called after each turn; true if it was the last.</param>
/// <param name="reached">Is told which point was reached. For tests.</param>
internal sealed class Turns(TaskScheduler scheduler, Action<Work?> run, Func<bool> after, Action<TurnPoint>? reached = null)
{
    private readonly ConcurrentQueue<Work> _inbox = new(); // bounded by the requests in flight of each connection
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TurnEnd _turn = new();
    private int _scheduled;        // 1 while a call of RunScheduled is to come; any thread
    private int _running;          // 1 while a thread has the turn: that thread owns the state of the service
    private volatile int _thread;  // the thread that has the turn and looks at the inbox again before it ends it; 0 for none
    private volatile bool _closed; // set after the last turn
    private Error _closedBecause = Error.Stopping;

    /// <summary>Completes after the last turn.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The reason for which work after the last turn is abandoned. Set before that turn.</summary>
    public Error ClosedBecause
    {
        set => _closedBecause = value;
    }

    /// <summary>Hands work to the next turn. Never waits. Any thread.</summary>
    public void Post(Work work)
    {
        _inbox.Enqueue(work);
        reached?.Invoke(TurnPoint.Posted);
        if (_closed) AbandonAll();
        else if (_thread != Environment.CurrentManagedThreadId && Interlocked.Exchange(ref _scheduled, 1) == 0) Schedule();
    }

    /// <summary>Takes turns until the inbox is empty. Returns immediately if another thread has the turn, because that thread will see the
    /// inbox.</summary>
    public void Run()
    {
        while (!_inbox.IsEmpty && Interlocked.CompareExchange(ref _running, 1, 0) == 0)
        {
            if (!_closed) Turn();
            if (after()) Close();
            Volatile.Write(ref _running, 0);
            Interlocked.MemoryBarrier(); // see the remarks
            reached?.Invoke(TurnPoint.Ended);
        }
    }

    private void Schedule() => _ = Task.Factory.StartNew(
        static state => ((Turns)state!).RunScheduled(), this, CancellationToken.None, TaskCreationOptions.PreferFairness, scheduler);

    private void RunScheduled()
    {
        Interlocked.Exchange(ref _scheduled, 0); // see the remarks
        reached?.Invoke(TurnPoint.Scheduled);
        Run();
    }

    private void Turn()
    {
        _thread = Environment.CurrentManagedThreadId;
        _turn.Begin();
        while (!_inbox.IsEmpty)
        {
            while (_inbox.TryDequeue(out var work)) run(work);
            run(null); // a storage that commits at once has posted the outcome when this returns
        }
        reached?.Invoke(TurnPoint.FoundNothing);
        _turn.End();
        _thread = 0;
    }

    private void Close()
    {
        _closed = true;
        Interlocked.MemoryBarrier(); // work that is added from now on is seen here, or its poster sees that this is closed
        AbandonAll();
        _ended.TrySetResult();
    }

    private void AbandonAll()
    {
        while (_inbox.TryDequeue(out var work)) work.Abandon(_closedBecause);
    }
}

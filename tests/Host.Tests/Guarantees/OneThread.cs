using System.Collections.Concurrent;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>All asynchronous work in one queue, on the calling thread, when the test says so: what is concurrent becomes a repeatable
/// sequence.</summary>
internal sealed class OneThread : SynchronizationContext, IDisposable
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _work = [];

    public OneThread()
    {
        var before = Current;
        SetSynchronizationContext(this);
        Scheduler = TaskScheduler.FromCurrentSynchronizationContext();
        SetSynchronizationContext(before);
    }

    public TaskScheduler Scheduler { get; }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (!_work.IsAddingCompleted) _work.Add((d, state));
    }

    /// <summary>Runs what is there, and what comes of it, until nothing is left.</summary>
    public void Run()
    {
        var before = Current;
        SetSynchronizationContext(this);
        while (_work.TryTake(out var work)) work.Callback(work.State);
        SetSynchronizationContext(before);
    }

    /// <summary>
    /// Does something that ends waits, then runs what comes of it. What waits without a context continues at once, inside
    /// <paramref name="action"/>: only where there is another context would it go to the thread pool.
    /// </summary>
    public void Raise(Action action)
    {
        var before = Current;
        SetSynchronizationContext(null);
        action();
        SetSynchronizationContext(before);
        Run();
    }

    /// <summary>Begins something here and runs until nothing is left, which need not be its end.</summary>
    public Task Begin(Func<Task> action)
    {
        var task = Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.None, Scheduler).Unwrap();
        Run();
        return task;
    }

    /// <summary>Does something to its end, with what it needs from other threads.</summary>
    public void Complete(Func<Task> action)
    {
        var task = Begin(action);
        RunUntil(() => task.IsCompleted);
        task.GetAwaiter().GetResult();
    }

    /// <summary>Runs until something is the case that needs other threads.</summary>
    public void RunUntil(Func<bool> condition)
    {
        var deadline = DateTime.UtcNow.AddSeconds(20);
        while (!condition())
        {
            if (_work.TryTake(out var work, TimeSpan.FromMilliseconds(10))) Post(work.Callback, work.State);
            Run();
            Assert.True(DateTime.UtcNow < deadline, "what was begun does not end");
        }
    }

    public void Dispose() => _work.CompleteAdding();
}

using System.Collections.Concurrent;

namespace SharedState.Items.Sqlite;

/// <summary>A thread that does one thing after the other: SQLite blocks whoever calls it until the disk has synced.</summary>
internal sealed class WorkThread : IDisposable
{
    /// <summary>
    /// The host commits one batch at a time, and at most as many loads as there are readers may want to adopt: more never wait.
    /// </summary>
    private const int MostWaiting = 64;

    private readonly BlockingCollection<Action> _work = new(MostWaiting);
    private readonly Thread _thread;

    public WorkThread(string name)
    {
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Does the work after all that came before, unless <paramref name="stop"/> comes first. Once begun, it is finished.</summary>
    /// <exception cref="InvalidOperationException">The thread has ended.</exception>
    public Task<T> RunAsync<T>(Func<T> work, CancellationToken stop)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(
            () =>
            {
                if (stop.IsCancellationRequested)
                {
                    done.SetCanceled(stop);
                    return;
                }
                try
                {
                    done.SetResult(work());
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }
            },
            stop);
        return done.Task;
    }

    /// <summary>Finishes what was begun and what waits, and ends the thread.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Run()
    {
        foreach (var work in _work.GetConsumingEnumerable()) work();
    }
}

namespace SharedState.Host.Collections;

/// <summary>
/// Holds back what a turn wakes until the turn ends. A sender that is woken by the first of many notifications then finds all of them, and
/// a write costs the same for one message as for many.
/// </summary>
internal sealed class TurnEnd
{
    [ThreadStatic]
    private static TurnEnd? t_current;

    private readonly List<IThreadPoolWorkItem> _held = [];

    /// <summary>Queues a work item on the thread pool: when the turn of the calling thread ends, or at once where it has none.</summary>
    public static void Queue(IThreadPoolWorkItem item)
    {
        if (t_current is { } turn) turn._held.Add(item);
        else ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
    }

    /// <summary>Begins a turn of the calling thread, which must end it before it awaits anything.</summary>
    public void Begin() => t_current = this;

    /// <summary>Ends the turn: the work items go to the thread pool, the newest first.</summary>
    public void End()
    {
        // A turn notifies, and then replies. The senders of replies run first, so that the next updates of a writer arrive while the
        // notifications are sent, and form one batch with those that wait.
        t_current = null;
        for (var index = _held.Count - 1; index >= 0; index--) ThreadPool.UnsafeQueueUserWorkItem(_held[index], preferLocal: false);
        _held.Clear();
    }
}

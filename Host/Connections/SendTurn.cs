namespace SharedState.Host.Connections;

/// <summary>
/// Holds back the sending of what one thread does in one go, a writer's turn or the requests of one read: so whatever a connection gets in it
/// goes out in one write. A send costs the same for one frame as for many.
/// </summary>
internal sealed class SendTurn
{
    [ThreadStatic]
    private static SendTurn? t_current;

    private readonly List<FrameSender> _woken = [];

    /// <summary>Lets a sender run: when the thread's turn ends, or where it has none, soon.</summary>
    public static void Wake(FrameSender sender)
    {
        if (t_current is { } turn) turn._woken.Add(sender);
        else ThreadPool.UnsafeQueueUserWorkItem(sender, preferLocal: false);
    }

    /// <summary>Begins a turn of the calling thread, which must end it before it awaits anything.</summary>
    public void Begin() => t_current = this;

    /// <summary>Ends the turn: everything goes out.</summary>
    public void End()
    {
        t_current = null;
        foreach (var sender in _woken) ThreadPool.UnsafeQueueUserWorkItem(sender, preferLocal: false);
        _woken.Clear();
    }
}

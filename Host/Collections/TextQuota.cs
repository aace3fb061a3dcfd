namespace SharedState.Host.Collections;

/// <summary>
/// The bytes of snapshots and differences that a service produces in a turn. Work that needs more waits for the next turn, so that requests
/// of other clients are answered in between. Touched by the service's turns only.
/// </summary>
/// <param name="bytes">The quota of a turn. The text that exceeds it is still produced.</param>
/// <param name="post">Hands work to the next turn.</param>
/// <param name="scheduler">Where the turns run.</param>
internal sealed class TextQuota(long bytes, Action<Work> post, TaskScheduler scheduler)
{
    private List<Work> _waiting = [];
    private long _made;

    /// <summary>Whether the quota of this turn is used up.</summary>
    public bool Spent => _made >= bytes;

    /// <summary>A text was made, or so many bytes of items were read.</summary>
    public void Note(long bytes) => _made += bytes;

    /// <summary>Runs work in the next turn.</summary>
    public void Wait(Work work) => _waiting.Add(work);

    /// <summary>A turn has ended. Waiting work is scheduled last; otherwise the thread would go from turn to turn.</summary>
    public void Renew()
    {
        _made = 0;
        if (_waiting.Count == 0) return;
        var waiting = _waiting;
        _waiting = [];
        _ = Task.Factory.StartNew(
            () => waiting.ForEach(post), CancellationToken.None, TaskCreationOptions.PreferFairness, scheduler);
    }
}

using SharedState.Host.Contents;

namespace SharedState.Host.Collections;

/// <summary>The quota of text of a service's turns. Work that needs more waits for the next turn.</summary>
/// <param name="bytes">The quota of a turn. The text that exceeds it is still produced.</param>
/// <param name="post">Hands work to the next turn.</param>
/// <param name="scheduler">Where the turns run.</param>
internal sealed class TurnQuota(long bytes, Action<Work> post, TaskScheduler scheduler) : TextQuota(bytes)
{
    private List<Work> _waiting = [];

    /// <summary>Runs work in the next turn.</summary>
    public void Wait(Work work) => _waiting.Add(work);

    /// <summary>A turn has ended. Waiting work is scheduled last; otherwise the thread would go from turn to turn.</summary>
    public void Renew()
    {
        Begin();
        if (_waiting.Count == 0) return;
        var waiting = _waiting;
        _waiting = [];
        _ = Task.Factory.StartNew(
            () => waiting.ForEach(post), CancellationToken.None, TaskCreationOptions.PreferFairness, scheduler);
    }
}

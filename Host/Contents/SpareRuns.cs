namespace SharedState.Host.Contents;

/// <summary>Empty runs of changes to be used again, by all views of a collection: the next change finds one in the processor's
/// cache.</summary>
internal sealed class SpareRuns
{
    private const int Most = 16;

    private readonly Stack<Notice> _spare = [];

    /// <summary>An empty run.</summary>
    public Notice Take() => _spare.TryPop(out var run) ? run : new();

    /// <summary>A run was told.</summary>
    public void Give(Notice run)
    {
        run.Clear();
        if (_spare.Count < Most) _spare.Push(run);
    }
}

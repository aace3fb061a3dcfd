namespace SharedState.Host.Contents;

/// <summary>The bytes of snapshots and differences that a service produces in a turn, so that requests of other clients are answered in
/// between. Touched by the service's turns only.</summary>
/// <param name="bytes">The quota of a turn. The text that exceeds it is still produced.</param>
internal class TextQuota(long bytes)
{
    private long _made;

    /// <summary>Whether the quota of this turn is used up.</summary>
    public bool Spent => _made >= bytes;

    /// <summary>A text was made, or so many bytes of items were read.</summary>
    public void Note(long bytes) => _made += bytes;

    /// <summary>The quota of the next turn begins.</summary>
    protected void Begin() => _made = 0;
}
